"""What clients ask the engine to change, one module for each kind."""
