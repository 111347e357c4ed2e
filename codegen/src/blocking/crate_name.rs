//! The crate of a function, from its name in Rust's schemes (legacy and v0).

use rustc_demangle::try_demangle;

/// The crate whose code a function is: of `<T as Trait>::f` the crate of `T`. None if the name is not Rust's.
pub fn of(name: &str) -> Option<String> {
    let path = format!("{:#}", try_demangle(name).ok()?);
    let mut rest = path.as_str();
    // `<&mut [alloc::vec::Vec<u8>] as …>::f`: the first path in it.
    loop {
        let trimmed = rest.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
        let prefixes = ["mut ", "const ", "dyn ", "unsafe ", "for<'a> "];
        let next = prefixes
            .iter()
            .find_map(|prefix| trimmed.strip_prefix(prefix))
            .unwrap_or(trimmed);
        if next == rest {
            break;
        }
        rest = next;
    }
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (first, behind) = rest.split_at(end);
    // `<u8 as alloc::…>`: a type of the language, whose crate is that of the trait.
    if behind.starts_with("::") {
        return Some(first.to_owned());
    }
    let (_, of_trait) = behind.split_once(" as ")?;
    let end = of_trait.find("::")?;
    Some(of_trait[..end].to_owned())
}

/// A function's name as people write it.
pub fn readable(name: &str) -> String {
    try_demangle(name).map_or_else(|_| name.to_owned(), |path| format!("{path:#}"))
}
