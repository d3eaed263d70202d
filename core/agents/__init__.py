"""What an agent may ask of segtap, over the Model Context Protocol."""
