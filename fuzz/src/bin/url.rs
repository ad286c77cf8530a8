//! The URL from a base and an id: whatever they are, it leads to the base's host, and its last segment is the id.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;

include!(concat!(env!("OUT_DIR"), "/okdok.rs"));

// The first line is the base, the rest the id.
fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (base_url, id) = text.split_once('\n').unwrap_or(("https://h.test/p", text));
    let Ok(base) = transport::base_url::BaseUrl::parse(Some(base_url)) else { return };
    let Ok(checked) = call::id::SignatureRequestId::new(id) else { return };
    let url = call::request::url(&base, checked).expect("a checked id always makes a URL");
    assert!(url.scheme() == "https" || base.is_loopback());
    assert_eq!(url.origin().ascii_serialization(), base.origin());
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(url.query().is_none() && url.fragment().is_none());
    let (parent, segment) = url.path().rsplit_once('/').expect("a path");
    assert!(parent.ends_with("/JSON/signatureRequest"), "{url}");
    assert_eq!(percent_decode_str(segment).decode_utf8().expect("UTF-8"), id);
    // What is sent is read as the same by another parser, and by this one once more.
    let sent: hyper::Uri = url.as_str().parse().expect("a URI");
    assert_eq!(sent.path(), url.path());
    assert_eq!(url::Url::parse(url.as_str()).expect("a URL"), url);
});
