//! Rust's own scheme (RFC 2603): `_R` and a grammar of paths and types, with references back to what was there before.
//!
//! Lifetimes, constants of plain types and all types are written. A symbol with a constant of another kind, or with a name in punycode, is not read.

use core::fmt::Write;

use super::Text;

/// How deep paths and types may lie in each other. References back can make a short symbol deep.
const DEPTH: u32 = 100;

pub fn demangle(symbol: &str, out: &mut Text) -> Option<()> {
    let bytes = symbol.strip_prefix("_R")?.as_bytes();
    if !bytes.is_ascii() || !bytes.first()?.is_ascii_uppercase() {
        return None;
    }
    let mut reader = Reader {
        bytes,
        at: 0,
        depth: 0,
        bound: 0,
        out,
        silent: false,
    };
    reader.path(true)?;
    // The crate that instantiated it may follow.
    if reader.peek().is_some_and(|byte| byte.is_ascii_uppercase()) {
        reader.silent = true;
        reader.path(false)?;
    }
    let rest = &bytes[reader.at..];
    (rest.is_empty() || rest[0] == b'.').then_some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    /// Lifetimes that are bound (`for<'a>`) where the reader is.
    bound: u64,
    out: &'a mut Text,
    /// What is read is not to be written.
    silent: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn write(&mut self, text: &str) {
        if !self.silent {
            // Text that is full takes no more, and that is no error.
            let _ = self.out.write_str(text);
        }
    }

    fn write_number(&mut self, number: u64) {
        if !self.silent {
            let _ = write!(self.out, "{number}");
        }
    }

    fn deeper(&mut self, f: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        f(self)?;
        self.depth -= 1;
        Some(())
    }

    /// A number in base 62, which `_` ends: `_` is 0, `0_` is 1.
    fn base_62(&mut self) -> Option<u64> {
        if self.eat(b'_') {
            return Some(0);
        }
        let mut number = 0_u64;
        loop {
            let digit = match self.next()? {
                b'_' => return number.checked_add(1),
                byte @ b'0'..=b'9' => byte - b'0',
                byte @ b'a'..=b'z' => byte - b'a' + 10,
                byte @ b'A'..=b'Z' => byte - b'A' + 36,
                _ => return None,
            };
            number = number.checked_mul(62)?.checked_add(u64::from(digit))?;
        }
    }

    /// 0 if `tag` does not come, else the number behind it, plus 1.
    fn optional(&mut self, tag: u8) -> Option<u64> {
        if self.eat(tag) {
            self.base_62()?.checked_add(1)
        } else {
            Some(0)
        }
    }

    fn decimal(&mut self) -> Option<usize> {
        let digits = self.bytes[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let text = core::str::from_utf8(&self.bytes[self.at..self.at + digits]).ok()?;
        if text.len() > 1 && text.starts_with('0') {
            return None;
        }
        self.at += digits;
        text.parse().ok()
    }

    /// A name without its disambiguator.
    fn name(&mut self) -> Option<&'a str> {
        if self.eat(b'u') {
            return None;
        }
        let len = self.decimal()?;
        self.eat(b'_');
        let name = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        core::str::from_utf8(name).ok()
    }

    /// Reads what stands at an earlier place.
    fn backref(&mut self, f: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let from = self.at - 1;
        let to = usize::try_from(self.base_62()?).ok()?;
        if to >= from {
            return None;
        }
        if self.silent {
            return Some(());
        }
        let back = core::mem::replace(&mut self.at, to);
        self.deeper(f)?;
        self.at = back;
        Some(())
    }

    fn path(&mut self, in_value: bool) -> Option<()> {
        self.deeper(|reader| reader.path_at(in_value))
    }

    fn path_at(&mut self, in_value: bool) -> Option<()> {
        match self.next()? {
            b'C' => {
                self.optional(b's')?;
                let name = self.name()?;
                self.write(name);
            }
            b'N' => {
                let namespace = self.next()?;
                self.path(in_value)?;
                let disambiguator = self.optional(b's')?;
                let name = self.name()?;
                self.nested(namespace, disambiguator, name)?;
            }
            tag @ (b'M' | b'X' | b'Y') => {
                if tag != b'Y' {
                    // Where the impl is.
                    self.optional(b's')?;
                    let silent = core::mem::replace(&mut self.silent, true);
                    self.path(false)?;
                    self.silent = silent;
                }
                self.write("<");
                self.ty()?;
                if tag != b'M' {
                    self.write(" as ");
                    self.path(false)?;
                }
                self.write(">");
            }
            b'I' => {
                self.path(in_value)?;
                if in_value {
                    self.write("::");
                }
                self.write("<");
                self.list(", ", Self::generic_argument)?;
                self.write(">");
            }
            b'B' => self.backref(|reader| reader.path(in_value))?,
            _ => return None,
        }
        Some(())
    }

    fn nested(&mut self, namespace: u8, disambiguator: u64, name: &str) -> Option<()> {
        if namespace.is_ascii_lowercase() {
            if !name.is_empty() {
                self.write("::");
                self.write(name);
            }
            return Some(());
        }
        self.write("::{");
        match namespace {
            b'C' => self.write("closure"),
            b'S' => self.write("shim"),
            b'A'..=b'Z' => self.write(core::str::from_utf8(&[namespace]).ok()?),
            _ => return None,
        }
        if !name.is_empty() {
            self.write(":");
            self.write(name);
        }
        self.write("#");
        self.write_number(disambiguator);
        self.write("}");
        Some(())
    }

    /// Up to `E`; returns how many.
    fn list(
        &mut self,
        between: &str,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<usize> {
        let mut count = 0;
        while !self.eat(b'E') {
            if count > 0 {
                self.write(between);
            }
            item(self)?;
            count += 1;
        }
        Some(count)
    }

    fn generic_argument(&mut self) -> Option<()> {
        if self.eat(b'L') {
            let lifetime = self.base_62()?;
            self.lifetime(lifetime)
        } else if self.eat(b'K') {
            self.constant()
        } else {
            self.ty()
        }
    }

    fn lifetime(&mut self, lifetime: u64) -> Option<()> {
        self.write("'");
        if lifetime == 0 {
            self.write("_");
            return Some(());
        }
        if self.silent {
            return Some(());
        }
        let from_outside = self.bound.checked_sub(lifetime)?;
        match u8::try_from(from_outside) {
            Ok(index @ 0..26) => self.write(core::str::from_utf8(&[b'a' + index]).ok()?),
            _ => {
                self.write("_");
                self.write_number(from_outside);
            }
        }
        Some(())
    }

    /// Lifetimes that are bound while `f` reads.
    fn binder(&mut self, f: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let count = self.optional(b'G')?;
        // Nobody binds more; a loop over what a symbol says must end.
        if count > 64 {
            return None;
        }
        if count > 0 {
            self.write("for<");
            for index in 0..count {
                if index > 0 {
                    self.write(", ");
                }
                self.bound += 1;
                self.lifetime(1)?;
            }
            self.write("> ");
        }
        f(self)?;
        self.bound -= count;
        Some(())
    }

    fn ty(&mut self) -> Option<()> {
        self.deeper(Self::type_at)
    }

    fn type_at(&mut self) -> Option<()> {
        let tag = self.next()?;
        if let Some(name) = basic_type(tag) {
            self.write(name);
            return Some(());
        }
        match tag {
            b'R' | b'Q' => {
                self.write("&");
                if self.eat(b'L') {
                    let lifetime = self.base_62()?;
                    if lifetime != 0 {
                        self.lifetime(lifetime)?;
                        self.write(" ");
                    }
                }
                if tag == b'Q' {
                    self.write("mut ");
                }
                self.ty()?;
            }
            b'P' | b'O' => {
                self.write(if tag == b'P' { "*const " } else { "*mut " });
                self.ty()?;
            }
            b'A' | b'S' => {
                self.write("[");
                self.ty()?;
                if tag == b'A' {
                    self.write("; ");
                    self.constant()?;
                }
                self.write("]");
            }
            b'T' => {
                self.write("(");
                let count = self.list(", ", Self::ty)?;
                self.write(if count == 1 { ",)" } else { ")" });
            }
            b'F' => self.binder(Self::function_type)?,
            b'D' => {
                self.write("dyn ");
                self.binder(|reader| reader.list(" + ", Self::dyn_trait).map(drop))?;
                if !self.eat(b'L') {
                    return None;
                }
                let lifetime = self.base_62()?;
                if lifetime != 0 {
                    self.write(" + ");
                    self.lifetime(lifetime)?;
                }
            }
            b'B' => self.backref(Self::ty)?,
            _ => {
                self.at -= 1;
                self.path(false)?;
            }
        }
        Some(())
    }

    fn function_type(&mut self) -> Option<()> {
        if self.eat(b'U') {
            self.write("unsafe ");
        }
        if self.eat(b'K') {
            self.write("extern \"");
            if self.eat(b'C') {
                self.write("C");
            } else {
                for (index, part) in self.name()?.split('_').enumerate() {
                    if index > 0 {
                        self.write("-");
                    }
                    self.write(part);
                }
            }
            self.write("\" ");
        }
        self.write("fn(");
        self.list(", ", Self::ty)?;
        self.write(")");
        if !self.eat(b'u') {
            self.write(" -> ");
            self.ty()?;
        }
        Some(())
    }

    /// A trait with the types that it is bound to: `Iterator<Item = u8>`, which are inside of its other arguments.
    fn dyn_trait(&mut self) -> Option<()> {
        let mut open = self.path_left_open()?;
        while self.eat(b'p') {
            self.write(if open { ", " } else { "<" });
            open = true;
            let name = self.name()?;
            self.write(name);
            self.write(" = ");
            self.ty()?;
        }
        if open {
            self.write(">");
        }
        Some(())
    }

    /// A path; if it has arguments they are not closed yet, and the answer is true.
    fn path_left_open(&mut self) -> Option<bool> {
        if self.eat(b'B') {
            let mut open = false;
            self.backref(|reader| {
                open = reader.path_left_open()?;
                Some(())
            })?;
            return Some(open);
        }
        if self.eat(b'I') {
            self.path(false)?;
            self.write("<");
            self.list(", ", Self::generic_argument)?;
            return Some(true);
        }
        self.path(false)?;
        Some(false)
    }

    fn constant(&mut self) -> Option<()> {
        match self.next()? {
            b'p' => self.write("_"),
            b'B' => self.backref(Self::constant)?,
            b'a' | b's' | b'l' | b'x' | b'n' | b'i' => {
                if self.eat(b'n') {
                    self.write("-");
                }
                self.integer()?;
            }
            b'h' | b't' | b'm' | b'y' | b'o' | b'j' => self.integer()?,
            b'b' => match self.hexadecimal()? {
                0 => self.write("false"),
                1 => self.write("true"),
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    fn integer(&mut self) -> Option<()> {
        let number = self.hexadecimal()?;
        self.write_number(number);
        Some(())
    }

    fn hexadecimal(&mut self) -> Option<u64> {
        let digits = self.bytes[self.at..]
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        let text = core::str::from_utf8(&self.bytes[self.at..self.at + digits]).ok()?;
        self.at += digits;
        if !self.eat(b'_') {
            return None;
        }
        u64::from_str_radix(text, 16).ok()
    }
}

fn basic_type(tag: u8) -> Option<&'static str> {
    Some(match tag {
        b'a' => "i8",
        b'b' => "bool",
        b'c' => "char",
        b'd' => "f64",
        b'e' => "str",
        b'f' => "f32",
        b'h' => "u8",
        b'i' => "isize",
        b'j' => "usize",
        b'l' => "i32",
        b'm' => "u32",
        b'n' => "i128",
        b'o' => "u128",
        b'p' => "_",
        b's' => "i16",
        b't' => "u16",
        b'u' => "()",
        b'v' => "...",
        b'x' => "i64",
        b'y' => "u64",
        b'z' => "!",
        _ => return None,
    })
}
