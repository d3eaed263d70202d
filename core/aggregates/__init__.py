"""The newest messages together: in numbers, as users, as groups. Pure; an engine gathers them."""
