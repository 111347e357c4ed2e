//! `--emit KIND[=PATH]`: what each kind shows, that most of them need no build, and that several can be asked for at once.
