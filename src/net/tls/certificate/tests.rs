//! `tests/servers/tls_certificate.rs` has certificates as a whole.

use super::*;

#[test]
fn an_element_has_the_shortest_length_that_there_is() {
    let long = |length: &[u8], count: usize| [&[4], length, &[7; 300][..count]].concat();
    for (element, len) in [
        (long(&[0], 0), Some(0)),
        (long(&[0x7f], 0x7f), Some(0x7f)),
        (long(&[0x81, 0x80], 0x80), Some(0x80)),
        (long(&[0x82, 1, 0], 0x100), Some(0x100)),
        (long(&[0x81, 0x7f], 0x7f), None),
        (long(&[0x82, 0, 0x80], 0x80), None),
        (long(&[0x80], 2), None),
        (long(&[0x84, 0, 0, 0, 1], 1), None),
        (long(&[0x81], 0), None),
        (long(&[3], 2), None),
        (long(&[0x83, 0xff, 0xff, 0xff], 300), None),
    ] {
        let read = Der(&element).take(OCTET_STRING).map(<[u8]>::len);
        assert_eq!(read, len, "{:x?}", &element[..element.len().min(6)]);
    }
}

#[test]
fn a_time_is_read_as_rfc_5280_writes_it() {
    // date -u -d 'YYYY-MM-DD HH:MM:SS' +%s
    for (text, seconds) in [
        ("700101000000Z", Some(0)),
        ("500101000000Z", Some(0)),
        ("691231235959Z", Some(0)),
        ("991231235959Z", Some(946_684_799)),
        ("000228235959Z", Some(951_782_399)),
        ("000229000000Z", Some(951_782_400)),
        ("000301000000Z", Some(951_868_800)),
        ("251122010203Z", Some(1_763_773_323)),
        ("491231235959Z", Some(2_524_607_999)),
        ("20500101000000Z", Some(2_524_608_000)),
        ("21000301000000Z", Some(4_107_542_400)),
        ("99991231235959Z", Some(253_402_300_799)),
        ("00000301000000Z", Some(0)),
        ("00000101000000Z", None),
        ("210229000000Z", None),
        ("21000229000000Z", None),
        ("211301000000Z", None),
        ("210001000000Z", None),
        ("210100000000Z", None),
        ("210431000000Z", None),
        ("210101240000Z", None),
        ("210101006000Z", None),
        ("210101000060Z", None),
        ("2101010000Z", None),
        ("210101000000", None),
        ("210101000000+0000", None),
        ("2101010000000Z", None),
        ("21010100000 Z", None),
        ("+10101000000Z", None),
    ] {
        let tag = if text.len() == 15 { GENERALIZED_TIME } else { UTC_TIME };
        let der = [&[tag, text.len() as u8], text.as_bytes()].concat();
        let read = Der(&der).time().map(|time| time.as_secs());
        assert_eq!(read, seconds, "{text}");
    }
    assert!(Der(&[0x16, 13, b'7', b'0']).time().is_none());
}
