"""The packages that Segment's functions find as global names, and that segtap does not have."""

from __future__ import annotations

LIBRARIES: dict[str, str] = {
    "AWS": "aws-sdk",
    "FormData": "form-data",
    "google": "@google-cloud",
    "hubspotlib": "hubspot-api-nodejs",
    "https": "node's https",
    "jsforce": "jsforce",
    "jsonwebtoken": "jsonwebtoken",
    "libphonenumberjs": "libphonenumber-js",
    "_": "lodash",
    "mailchimp": "@mailchimp",
    "moment": "moment-timezone",
    "nodemailjet": "node-mailjet",
    "OAuth": "oauth",
    "sendgrid": "@sendgrid",
    "skyflowlib": "skyflow-node",
    "stripe": "stripe",
    "twilio": "twilio",
    "uuidv5": "uuidv5",
    "winstonlib": "winston",
    "xml": "xml",
    "xml2js": "xml2js",
    "zlib": "zlib",
}
"""Global name → package, as Segment's page on the runtime of functions lists them."""
