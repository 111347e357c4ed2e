//! Durations as Go writes them, for values of settings: `20ms`, `1.5s`, `1m30s`. Pure.

/// Units, in nanoseconds. Those that another one begins with come behind it.
const UNITS: [(&[u8], u64); 7] = [
    (b"ns", 1),
    (b"us", 1_000),
    ("µs".as_bytes(), 1_000),
    (b"ms", 1_000_000),
    (b"s", 1_000_000_000),
    (b"m", 60_000_000_000),
    (b"h", 3_600_000_000_000),
];

/// In nanoseconds, as far as they fit. None if it is no duration; a number without a unit is none either, but for 0.
pub fn parse(text: &[u8]) -> Option<u64> {
    if text == b"0" {
        return Some(0);
    }
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() || text.is_empty() {
        let (part, behind) = term(rest)?;
        sum = sum.saturating_add(part);
        rest = behind;
    }
    Some(sum)
}

/// A number and its unit, and what is behind them.
fn term(text: &[u8]) -> Option<(u64, &[u8])> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (name, unit) = UNITS.iter().find(|(name, _)| rest.starts_with(name))?;
    let value = |digit: &u8| u64::from(digit - b'0');
    let ns = whole.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(value(digit).saturating_mul(*unit))
    });
    let mut place = *unit;
    let below = fraction.iter().fold(0, |sum, digit| {
        place /= 10;
        sum + value(digit) * place
    });
    Some((ns.saturating_add(below), &rest[name.len()..]))
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(len)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, ns) in [
            ("0", 0),
            ("1ns", 1),
            ("250us", 250_000),
            ("250µs", 250_000),
            ("20ms", 20_000_000),
            ("1.5s", 1_500_000_000),
            (".25s", 250_000_000),
            ("1.s", 1_000_000_000),
            ("1m30s", 90_000_000_000),
            ("2h", 7_200_000_000_000),
            ("99999999999999999999h", u64::MAX),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(ns), "{text}");
        }
        for text in [
            "", "20", "ms", ".s", "20 ms", "1s2", "-1s", "20msx", "1..5s",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
