//! Opening by URL: what is supported, and what the errors say.

use headwater_objects::object_store::ObjectStoreExt;
use headwater_objects::{ErrorKind, OpenOptions, open};

use crate::support::{eager, key, read};

#[tokio::test]
async fn a_path_and_its_url_are_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a lake");
    let by_path = open(path.to_str().unwrap(), &OpenOptions::new()).unwrap();
    by_path.put(&key("x/y"), "1".into()).await.unwrap();
    let by_url =
        open(by_path.url(), &OpenOptions::new().retry(eager()).bytes_in_flight(9)).unwrap();
    assert_eq!(read(&*by_url, "x/y").await.unwrap(), "1");
    assert_eq!(by_url.folder(), Some(path.canonicalize().unwrap().as_path()));
    assert_eq!(by_url.key_of(&by_path.url_of(&key("x/y"))), Some(key("x/y")));
}

#[tokio::test]
async fn each_memory_store_is_new() {
    let [one, other] =
        ["memory:///", "memory:///some/prefix"].map(|url| open(url, &OpenOptions::new()).unwrap());
    one.put(&key("a"), "1".into()).await.unwrap();
    assert!(read(&*other, "a").await.is_err());
}

#[test]
fn errors_say_what_would_be_right() {
    let cases = [
        ("ftp://host/x", None, ErrorKind::InvalidUrl, "s3://bucket/prefix"),
        ("s3://", None, ErrorKind::InvalidUrl, "s3://bucket/prefix"),
        ("", None, ErrorKind::InvalidUrl, "empty"),
        ("file://elsewhere/x", None, ErrorKind::InvalidUrl, "absolute path"),
        ("gs://bucket/x", None, ErrorKind::FeatureOff, "feature `gcp`"),
        ("az://container/x", None, ErrorKind::FeatureOff, "feature `azure`"),
        ("memory:///", Some(("sync", "off")), ErrorKind::InvalidOption, "\"sync\""),
        ("/tmp/never-made/x", Some(("sinc", "off")), ErrorKind::InvalidOption, "it has sync"),
        ("/tmp/never-made/x", Some(("sync", "no")), ErrorKind::InvalidOption, "`full` or `off`"),
        ("s3://bucket/x", Some(("aws_regoin", "x")), ErrorKind::InvalidOption, "aws_regoin"),
    ];
    for (url, option, kind, says) in cases {
        let error = open(url, &option.into_iter().collect()).unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert!(error.to_string().contains(says), "{url}: {error}");
    }
}
