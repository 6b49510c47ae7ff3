"""New versions of the program: signed by IT, verified before anything of them is run, installed and taken back."""
