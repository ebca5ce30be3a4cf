//! Numbers and texts as `encoding/json` writes them.

use std::fmt::Write as _;

/// A finite number: the fewest digits that are read back as the same number, with an exponent below
/// 1e-6 and from 1e21 on.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.contains("e-") {
        true => text,
        false => text.replace('e', "e+"),
    }
}

/// A text with its quotes. Beyond what JSON demands, Go escapes the characters that are special in
/// HTML or JavaScript.
pub(crate) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in serde_json::Value::from(text).to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_a_go_program_printed() {
        // The bits of a float64 and what json.Marshal made of it, by Go 1.26.
        let table = [
            (0x0000000000000000, "0"),
            (0x8000000000000000, "-0"),
            (0x3ff0000000000000, "1"),
            (0xbff0000000000000, "-1"),
            (0x4008000000000000, "3"),
            (0x3fe0000000000000, "0.5"),
            (0xc004000000000000, "-2.5"),
            (0x3fd5555555555555, "0.3333333333333333"),
            // 0.1 that was a float32.
            (0x3fb99999a0000000, "0.10000000149011612"),
            (0x3fb999999999999a, "0.1"),
            (0x40f86a0000000000, "100000"),
            (0x412e848000000000, "1000000"),
            (0x40fe240c9fbe76c9, "123456.789"),
            (0x4202a05f20000000, "10000000000"),
            (0x4206fee0e1a80000, "12345678901"),
            (0x4330000000000002, "4503599627370498"),
            (0x4321c37937e08000, "2500000000000000"),
            (0x433fffffffffffff, "9007199254740991"),
            (0x4340000000000000, "9007199254740992"),
            (0xc340000000000001, "-9007199254740994"),
            (0x4341c37937e08000, "10000000000000000"),
            (0x437b69b4ba630f35, "123456789012345680"),
            (0x4376345785d8a000, "100000000000000000"),
            (0x4415af1d78b58c40, "100000000000000000000"),
            (0x441ac53a7e04bcda, "123456789012345680000"),
            (0x444b1ae4d6e2ef4f, "999999999999999900000"),
            (0x444b1ae4d6e2ef50, "1e+21"),
            (0xc44b1ae4d6e2ef50, "-1e+21"),
            (0x4454542ba12a337c, "1.5e+21"),
            (0x4480f0cf064dd592, "1e+22"),
            (0x7fefffffffffffff, "1.7976931348623157e+308"),
            (0x3f50624dd2f1a9fc, "0.001"),
            (0x3f1a36e2eb1c432d, "0.0001"),
            (0x3ee4f8b588e368f1, "0.00001"),
            (0x3eb0c6f7a0b5ed8d, "0.000001"),
            (0x3eb27476ca61b882, "0.0000011"),
            (0x3eb09c0482f18c75, "9.9e-7"),
            (0x3e7ad7f29abcaf48, "1e-7"),
            (0xbe90c6f7a0b5ed8d, "-2.5e-7"),
            (0x3e112e0be826d695, "1e-9"),
            (0x3ddb7cdfd9d7bdbb, "1e-10"),
            (0x3cdb05876e5b0120, "1.5e-15"),
            (0x0010000000000000, "2.2250738585072014e-308"),
            (0x0000000000000001, "5e-324"),
        ];
        for (bits, printed) in table {
            assert_eq!(number(f64::from_bits(bits)), printed);
        }
    }

    #[test]
    fn texts_are_what_a_go_program_printed() {
        let hostile = "<a&b>\u{2028}\u{2029}\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}ä😀";
        let printed =
            "\"\\u003ca\\u0026b\\u003e\\u2028\\u2029\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u{7f}ä😀\"";
        assert_eq!(text(hostile), printed);
    }
}
