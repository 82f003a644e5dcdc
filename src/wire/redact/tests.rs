use super::*;
use alloc::string::ToString;
use base64ct::{Base64, Encoding};

#[test]
fn a_secret_is_found_in_every_encoding() {
    let secret = "p&ss wörd%41";
    for text in [
        "p&ss wörd%41",
        "p%26ss%20w%C3%B6rd%2541",
        "p%26ss+w%c3%b6rd%2541",
        "%70%26%73%73%20%77%C3%B6%72%64%25%34%31",
        "p&amp;ss w&#246;rd%41",
        "p&#x26;ss&#32;w&#xF6;rd&#37;41",
        r"p\u0026ss w\u00f6rd%41",
        r"p%26ss\u0020w&#246;rd%2541",
        "p%2526ss%2520w%25C3%25B6rd%252541",
        "p%2526ss+w%25c3%25b6rd%2541",
        "p%26amp%3Bss%20w%26%23246%3Brd%2541",
        "p&amp;amp;ss w&amp;#xf6;rd&#37;2541",
        r"p\u0026amp;ss w\u0026#246;rd%41",
        r"p\\u0026ss w\\u00f6rd%41",
        r"p%5Cu0026ss%20w&#92;u00f6rd%41",
    ] {
        let out = redacted(&alloc::format!("before {text} after"), &["other", secret]);
        assert_eq!(out, "before [redacted] after", "for {text}");
    }
    assert_eq!(redacted("p&ss-wörd%42", &[secret]), "p&ss-wörd%42");
    for secret in ["100%25off", "%%252525", "+ +"] {
        assert_eq!(redacted(secret, &[secret]), "[redacted]", "as it is");
    }
    assert_eq!(redacted("100%2525%6Fff", &["100%25off"]), "[redacted]");
    assert_eq!(redacted("a b", &["a+b"]), "[redacted]");
    assert_eq!(redacted("abc", &[""]), "abc");
    for (text, secret) in [
        (r#"a\"b\\c\/d\n"#, "a\"b\\c/d\n"),
        (r"\ud83d\ude00!", "😀!"),
        ("&#128512;&excl;", "😀&excl;"),
        ("&quot;&lt;&gt;&apos;", "\"<>'"),
        ("&#x0010FFFF;", "\u{10ffff}"),
    ] {
        assert_eq!(redacted(text, &[secret]), "[redacted]", "{text}");
    }
    assert_eq!(
        redacted("&#;&#x;&#x110000;&#99999999999;&am", &["x&"]),
        "&#;&#x;&#x110000;&#99999999999;&am"
    );
}

#[test]
fn a_secret_is_found_in_encodings_that_few_servers_use() {
    let secret = "p&ss wörd'%\"€ü";
    for text in [
        "p&AMP;ss w&ouml;rd&apos;&percnt;&QUOT;&euro;&uuml;",
        "p%26ss%20w%F6rd%27%25%22%E2%82%AC%FC",
        "p&ss wÃ¶rd'%\"â\u{82}¬Ã¼",
        "p%26ss+w%C3%83%C2%B6rd'%25\"%C3%A2%C2%82%C2%AC%C3%83%C2%BC",
        r#"p&ss wörd\'%\"€ü"#,
        r#"p\&ss wörd\'\%\"€\ü"#,
        r#"p&ss w\xf6rd\'%"€\xfc"#,
        r#"p&ss w\xc3\xb6rd'%\"\xe2\x82\xac\xc3\xbc"#,
        "p&amp;ss w&amp;ouml;rd&amp;#39;%&amp;quot;&amp;euro;&amp;uuml;",
    ] {
        let text = text.replace(r"\ü", "ü");
        let out = redacted(&alloc::format!("before {text} after"), &[secret]);
        assert_eq!(out, "before [redacted] after", "for {text}");
    }
    assert_eq!(redacted("&auml;b&ouml;", &["cbö"]), "&auml;b&ouml;", "a letter has no name");
    assert_eq!(redacted("ab&x y;cdef", &["ab!cdef"]), "ab&x y;cdef", "nor has it a space");
    assert_eq!(redacted("%E9%A9", &["é©"]), "[redacted]");
}

#[test]
fn a_character_reference_by_number_may_lack_its_semicolon() {
    for text in [
        "p&#38ss w&#233;1&#8364",
        "&#112&#x26ss w&#XE9&#49&#x20aC",
        "p&amp;#38ss w&amp;#233;1&#8364",
    ] {
        assert_eq!(redacted(text, &["p&ss wé1€"]), "[redacted]", "{text}");
    }
    assert_eq!(redacted("p&#38ss w&#2331", &["p&ss wé1"]), "p&#38ss w&#2331", "another number");
}

#[test]
fn a_secret_is_found_in_hexadecimal_and_base64_wherever_that_begins() {
    let secret = "correct-horse-battery-staple";
    for (before, after) in [("", ""), ("a", ""), ("ab", "c"), ("my-client:", "\n"), ("é=\"", "\"}")]
    {
        let text = alloc::format!("{before}{secret}{after}");
        let base64 = Base64::encode_string(text.as_bytes());
        let hexadecimal: String = text.bytes().map(|byte| alloc::format!("{byte:02x}")).collect();
        for text in [base64, hexadecimal.to_uppercase(), hexadecimal] {
            let out = redacted(&alloc::format!("got {text}"), &["other", secret, "\n"]);
            let (shown_before, shown_after) = out.split_once("[redacted]").unwrap();
            // Of base64, a digit at each end has bits of others.
            let left = shown_before.len() - "got ".len() + shown_after.len();
            assert!(left <= 2 * (before.len() + after.len()) + 4, "{before:?}: {out}");
            assert!(!shown_after.contains("[redacted]"), "{out}");
        }
    }
    assert_eq!(redacted("616263 is three", &["abc"]), "616263 is three", "too short");
    assert_eq!(redacted("61626364 is four", &["abcd "]), "[redacted] is four");
    assert_eq!(
        redacted("YWJjZGVmZ2g=", &["abcdefgh"]),
        "[redacted]g=",
        "a group that is not whole"
    );
    let longest = "a".repeat(16 * 1024);
    assert_eq!(redacted("61616161", &[&longest]), "[redacted]");
}

#[test]
fn a_secret_that_was_cut_in_an_encoding_is_redacted_from_eight_characters_on() {
    let secret = "p&ss/w=rd+more";
    for (text, expected) in [
        ("p%26ss%2Fw%3Dr… is wrong", "[redacted]… is wrong"),
        ("p&amp;ss&#47;w&#61;r...", "[redacted]..."),
        ("p&amp;ss&#47;w...", "p&amp;ss&#47;w..."),
        ("p%26ss%2Fw%3Dr%2", "[redacted]%2"),
    ] {
        assert_eq!(redacted(text, &[secret]), expected);
    }
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEgzhFY";
    assert_eq!(redacted("of eyJhbGciOiJSUzI1NiJ9", &[jwt]), "of eyJhbGciOiJSUzI1NiJ9");
}

#[test]
fn a_secret_is_found_without_the_white_space_at_its_ends() {
    for secret in ["hunter2\n\n", " hunter2 ", "\thunter2\r\n", "hunter2"] {
        assert!(!redacted("no hunter2", &[secret]).contains("hun"), "{secret:?}");
        assert_eq!(
            redacted(&alloc::format!("no {secret}."), &[secret]),
            "no [redacted].",
            "{secret:?}"
        );
    }
    assert_eq!(redacted("a b", &[" "]), "a[redacted]b", "white space alone");
}

#[test]
fn any_eight_bytes_of_a_secret_are_redacted_and_seven_are_not() {
    let secret = "correct-horse-battery-staple";
    for (text, expected) in [
        ("correct-<b>horse-battery</b>-staple", "[redacted]<b>[redacted]</b>-staple"),
        (
            "begins with correct-h, ends with y-staple",
            "begins with [redacted], ends with [redacted]",
        ),
        ("correct", "correct"),
        ("correct horse battery staple", "correct horse battery staple"),
        ("hors-battery-hors", "hors[redacted]hors"),
        ("-battery-batter", "[redacted]batter"),
        ("CORRECT-HORSE", "CORRECT-HORSE"),
        ("e\u{301}correct-\u{301}", "e\u{301}[redacted]\u{301}"),
    ] {
        assert_eq!(redacted(text, &["other", secret]), expected, "{text}");
    }
    // The characters of a piece may be longer than a byte.
    assert_eq!(redacted("wörd-ört-ü", &["xwörd-örtx"]), "[redacted]-ü");
    // Two characters whose first bytes are alike.
    assert_eq!(redacted("abcdefghè!", &["abcdefghé"]), "[redacted]!");
    assert_eq!(redacted("a piece of aaaaaaaa", &[&"a".repeat(20_000)]), "a piece of [redacted]");
}

#[test]
fn of_an_assertion_the_signature_alone_is_searched_for_pieces() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEgzhFY";
    for (text, expected) in [
        (jwt, "[redacted]"),
        ("header eyJhbGciOiJSUzI1NiJ9", "header eyJhbGciOiJSUzI1NiJ9"),
        ("claims eyJzdWIiOiI5N2UwIn0", "claims eyJzdWIiOiI5N2UwIn0"),
        ("signature M8U3bSUKKJDE", "signature [redacted]"),
        ("seven of it .M8U3bSU", "seven of it .M8U3bSU"),
    ] {
        assert_eq!(redacted(text, &[jwt]), expected);
    }
    assert_eq!(redacted("one.two.three", &["one.two.thre"]), "[redacted]e", "no JWT");
    assert_eq!(redacted("one.two.x", &["one.two.three"]), "[redacted]x", "no JWT");
}

#[test]
fn a_part_of_a_text_is_shown_without_a_secret_that_reaches_into_it() {
    let text = "<title> of a <b>secret-word</title>";
    let show = |part| redacted_part(text, part, &["<b>secret-word</title"]);
    let start = text.find("sec").unwrap();
    assert_eq!(show(7..start + 6), "of a [redacted]");
    assert_eq!(show(start..start + 6), "[redacted]");
    assert_eq!(show(0..7), "<title>");
    assert_eq!(show(start..text.len()), "[redacted]>");
    assert_eq!(redacted_part(text, 0..5, &["<b>secret-word</title"]), "<titl");
}

#[test]
fn what_touches_is_redacted_once_and_what_ends_before_a_part_is_not_shown() {
    for (part, expected) in [
        (0..15, "[redacted]"),
        (1..16, "[redacted]."),
        (5..16, "[redacted]."),
        (10..15, "[redacted]"),
        (15..16, "."),
    ] {
        assert_eq!(
            redacted_part("abcdeabcdeabcde.", part.clone(), &["abcde"]),
            expected,
            "{part:?}"
        );
    }
    // The second piece begins within the first, and is longer by a byte.
    assert_eq!(redacted("abcdefghX", &["abcdefgh1bcdefghX"]), "[redacted]");
}

#[test]
fn no_more_of_a_text_is_searched_than_is_shown() {
    // In a debug build, all of it would take seconds.
    let text = "a word ".repeat(1 << 20);
    assert!(redacted(&text, &["hunter2-hunter2"]).ends_with('…'));
}

#[test]
fn a_line_break_is_a_space() {
    for (text, expected) in [
        ("one\r\ntwo", "one two"),
        ("one\ntwo", "one two"),
        ("{\r\n\t\"a\": 1\n\n}\n", "{ \"a\": 1 }"),
        (" \n one \n", "one"),
        ("one\rtwo", "one\\u{d}two"),
        ("one\u{2028}two", "one\\u{2028}two"),
        ("\n", ""),
    ] {
        assert_eq!(redacted(text, &[]), expected, "{text:?}");
    }
}

#[test]
fn a_line_break_may_stand_for_a_space_of_a_secret() {
    for (text, expected) in [
        ("no my\nsecret!", "no [redacted]!"),
        ("no my\r\n\t secret!", "no [redacted]!"),
        ("no my\n\r\n\nsecr%65t!", "no [redacted]!"),
        ("no my\rsecret!", "no my\\u{d}secret!"),
        ("\n my\nsecret", "[redacted]"),
    ] {
        for secret in ["my secret", "my+secret"] {
            assert_eq!(redacted(text, &[secret]), expected, "{text:?}");
        }
    }
    let secret = "correct horse battery staple";
    for (text, expected) in [
        ("a horse,\n\n  battery!", "a horse,[redacted]!"),
        ("a rect\r\nhorse\nba!", "a [redacted]!"),
        ("horse\n ba", "[redacted]"),
        ("horse\nba", "[redacted]"),
        ("horse \nba", "horse  ba"),
        ("orse\n\n\nba", "orse ba"),
    ] {
        assert_eq!(redacted(text, &[secret]), expected, "{text:?}");
    }
    // But for nothing else, and a space is not nothing.
    for (text, secret, expected) in
        [("abc\nefgh", "abcdefgh", "abc efgh"), ("abcdefghij", "abcde fghij", "abcdefghij")]
    {
        assert_eq!(redacted(text, &[secret]), expected, "{text:?}");
    }
    // Half a second for each, were a run of line breaks gone through at each of them.
    let breaks = "\n".repeat(1 << 16);
    assert_eq!(
        redacted(&alloc::format!("orse{breaks}ba{breaks}."), &[" \n \n", secret]),
        "orse ba ."
    );
}

#[test]
fn the_longest_of_overlapping_secrets_is_redacted() {
    assert_eq!(redacted("abcd", &["ab", "abc"]), "[redacted]d");
}

#[test]
fn a_secret_across_the_cut_is_not_half_redacted() {
    let text = "x".repeat(250) + "secret-secret";
    let out = redacted(&text, &["secret-secret"]);
    assert!(!out.contains("sec"), "{out}");
}

#[test]
fn the_possible_start_of_a_secret_at_a_missing_end_is_left_out() {
    let secret = "p&sswörd";
    for (text, expected) in [
        ("before p&sswörd after", "before [redacted] after"),
        ("before p&sswörd", "before [redacted]"),
        ("before p&sswör", "before …"),
        ("before p", "before …"),
        ("before p&ssw\u{fffd}", "before …"),
        ("before p%", "before …"),
        ("before p%2", "before …"),
        ("before p%2526ssw%25C3%25B", "before …"),
        ("before p&am", "before …"),
        ("before %26%23%78%30%30%30%30%37", "before …"),
        (r"before p&ssw\u00", "before …"),
        (r"before p\\u002", "before …"),
        ("before q%26ss", "before q…"),
        (
            "before p-p&ss-p&ssx, and more than any escape is long",
            "before p-p&ss-p&ssx, and more than any escape is long",
        ),
    ] {
        let out = redacted_without_its_end(text, &["other", secret]);
        assert_eq!(out, expected, "{text}");
    }
    assert_eq!(redacted("before p&ssw", &[secret]), "before p&ssw", "a whole text");
}

#[test]
fn a_text_that_needs_too_many_comparisons_is_not_shown() {
    const SECRET_BYTES: usize = 16 * 1024;
    let secret = "\\".repeat(SECRET_BYTES) + "b";
    assert_eq!(redacted(&"\\".repeat(4 * SECRET_BYTES), &[&secret]), "…");
    // A few milliseconds in a release build, as is what comes before a part of 64 KiB.
    let text = "a word of text. ".repeat(SECRET_BYTES / 4) + "a secret";
    let part = text.len() - 8..text.len();
    assert_eq!(redacted_part(&text, part, &[&secret, "another"]), "a secret");
    // But the longest secret is found as often as there is room to say so.
    let secret = "a longer secret ".repeat(SECRET_BYTES / 16);
    let out = redacted(&alloc::format!("{secret}|").repeat(30), &[&secret]);
    assert_eq!(out, "[redacted]|".repeat(23) + "…");
}

#[test]
fn terminal_escapes_come_out_escaped_and_the_rest_is_cut() {
    assert_eq!(redacted("\u{1b}[31mred\r\n\u{9b}\u{202e}", &[]), "\\u{1b}[31mred \\u{9b}\\u{202e}");
    assert_eq!(redacted(&"é".repeat(256), &[]), "é".repeat(256));
    assert_eq!(redacted(&"é".repeat(257), &[]), "é".repeat(255).to_string() + "…");
}
