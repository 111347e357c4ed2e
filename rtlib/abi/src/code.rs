//! The codes of mistakes that the macros and the scan of `cargo gobuild` both find. `docs/troubleshooting.md` explains each.

/// An init function takes arguments.
pub const INIT_ARGUMENTS: &str = "init-arguments";
/// An init function returns a value.
pub const INIT_RETURN: &str = "init-return";
/// An init function has generic parameters.
pub const INIT_GENERICS: &str = "init-generics";
/// An init function is `async`, `unsafe`, `const` or `extern`, or needs features of the processor.
pub const INIT_QUALIFIER: &str = "init-qualifier";
/// An attribute stands on the wrong kind of item.
pub const WRONG_ITEM: &str = "wrong-item";
/// A package variable is `static mut`.
pub const VAR_MUTABLE: &str = "var-mutable";
/// A package variable has no initialiser.
pub const VAR_UNINITIALISED: &str = "var-uninitialised";
/// A package variable has no type.
pub const VAR_UNTYPED: &str = "var-untyped";
/// An attribute is given twice.
pub const REPEATED_ATTRIBUTE: &str = "repeated-attribute";
/// An attribute has an option that it does not know.
pub const ATTRIBUTE_OPTION: &str = "attribute-option";
/// The macros run without cargo.
pub const NO_CARGO: &str = "no-cargo";

/// All of them.
pub const ALL: [&str; 11] = [
    INIT_ARGUMENTS,
    INIT_RETURN,
    INIT_GENERICS,
    INIT_QUALIFIER,
    WRONG_ITEM,
    VAR_MUTABLE,
    VAR_UNINITIALISED,
    VAR_UNTYPED,
    REPEATED_ATTRIBUTE,
    ATTRIBUTE_OPTION,
    NO_CARGO,
];
