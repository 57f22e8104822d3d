"""Agreement of weights and networks with labelled images: per slice and per case, in numbers and files."""
