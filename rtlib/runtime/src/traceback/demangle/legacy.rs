//! The scheme that looks like C++'s: `_ZN`, each part of the path behind its length, a hash, `E`.

use core::fmt::Write;

use super::Text;

/// Characters that a symbol cannot hold, by their names between `$`.
const ESCAPES: [(&str, &str); 8] = [
    ("SP", "@"),
    ("BP", "*"),
    ("RF", "&"),
    ("LT", "<"),
    ("GT", ">"),
    ("LP", "("),
    ("RP", ")"),
    ("C", ","),
];

pub fn demangle(symbol: &str, out: &mut Text) -> Option<()> {
    let mut rest = symbol.strip_prefix("_ZN")?;
    let mut is_first = true;
    loop {
        let (part, behind) = next_part(rest)?;
        let ends = behind.starts_with('E');
        if ends && is_hash(part) {
            return (behind.len() == 1 && !is_first).then_some(());
        }
        if !is_first {
            out.write_str("::").ok()?;
        }
        write_part(part, out)?;
        if ends {
            return (behind.len() == 1).then_some(());
        }
        is_first = false;
        rest = behind;
    }
}

/// A part without its length, and what follows.
fn next_part(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let len: usize = text[..digits].parse().ok()?;
    text[digits..].split_at_checked(len)
}

fn is_hash(part: &str) -> bool {
    let digits = part.strip_prefix('h').unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn write_part(part: &str, out: &mut Text) -> Option<()> {
    // An identifier cannot begin with `$`.
    let mut rest = if part.starts_with("_$") {
        &part[1..]
    } else {
        part
    };
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("..") {
            out.write_str("::").ok()?;
            rest = behind;
        } else if let Some((escape, behind)) = rest
            .strip_prefix('$')
            .and_then(|behind| behind.split_once('$'))
        {
            write_escape(escape, out)?;
            rest = behind;
        } else {
            let plain = rest[1..].find(['$', '.']).map_or(rest.len(), |at| at + 1);
            let (text, behind) = rest.split_at_checked(plain)?;
            out.write_str(text).ok()?;
            rest = behind;
        }
    }
    Some(())
}

fn write_escape(escape: &str, out: &mut Text) -> Option<()> {
    if let Some((_, text)) = ESCAPES.iter().find(|(name, _)| *name == escape) {
        return out.write_str(text).ok();
    }
    let number = u32::from_str_radix(escape.strip_prefix('u')?, 16).ok()?;
    let character = char::from_u32(number).filter(|character| !character.is_control())?;
    out.write_char(character).ok()
}
