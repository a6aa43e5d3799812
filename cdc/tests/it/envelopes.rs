//! Events as other systems read them, held to the letter.

use headwater_cdc::{CloudEvent, Debezium, EventFilter, Start, UnifiedEvent};
use headwater_primitives::{Attributes, ManualClock, Namespace, Result, Timestamp, WriteOptions};
use serde_json::json;

use crate::support::{Items, drain};

/// An insert, an update with attributes, a domain event in the same transaction, and a delete; then
/// the epoch.
fn events() -> (Vec<UnifiedEvent>, u64) {
    let clock = ManualClock::new(Timestamp(1_700_000_000_123_456));
    let ns = Namespace::builder_in_memory().clock(clock).name("my shop").open().unwrap();
    let items = Items::open(&ns);
    items.put("a", json!({"n": 1}));
    let attributes = Attributes { correlation_id: Some("order-7".into()), ..Attributes::default() };
    let writer = items.clone();
    ns.transaction_with(WriteOptions { attributes, ..WriteOptions::default() }, move |tx| {
        writer.put_in(tx, "a", &json!({"n": 2}))?;
        writer.changes.publish(tx, "Item.counted", &json!({"by": 1}))?;
        Ok::<_, headwater_primitives::Error>(())
    })
    .wait()
    .unwrap();
    items.delete("a");
    let mut subscription = items.changes.subscribe(Start::Beginning, EventFilter::all()).unwrap();
    (drain(&mut subscription), ns.epoch())
}

#[test]
fn debezium_envelopes_are_as_written_here() {
    let (events, epoch) = events();
    let lines: Vec<String> =
        events.iter().map(|event| serde_json::to_string(&Debezium(event)).unwrap()).collect();
    let head = format!(
        r#""version":"{}","connector":"headwater","name":"my shop","ts_ms":1700000000123,"snapshot":"false","db":"my shop""#,
        env!("CARGO_PKG_VERSION")
    );
    let times = r#""ts_us":1700000000123456,"ts_ns":1700000000123456000"#;
    let expected = [
        format!(
            r#"{{"before":null,"after":{{"n":1}},"source":{{{head},"schema":"document","table":"items","key":"a","txId":"{epoch}-1","lsn":1,{times}}},"op":"c","ts_ms":1700000000123,{times},"transaction":{{"id":"{epoch}-1","total_order":1}}}}"#
        ),
        format!(
            r#"{{"before":{{"n":1}},"after":{{"n":2}},"source":{{{head},"schema":"document","table":"items","key":"a","txId":"{epoch}-2","lsn":2,{times}}},"op":"u","ts_ms":1700000000123,{times},"transaction":{{"id":"{epoch}-2","total_order":1}}}}"#
        ),
        format!(
            r#"{{"message":{{"prefix":"Item.counted","content":{{"by":1}}}},"source":{{{head},"schema":null,"table":null,"key":null,"txId":"{epoch}-2","lsn":3,{times}}},"op":"m","ts_ms":1700000000123,{times},"transaction":{{"id":"{epoch}-2","total_order":2}}}}"#
        ),
        format!(
            r#"{{"before":{{"n":2}},"after":null,"source":{{{head},"schema":"document","table":"items","key":"a","txId":"{epoch}-4","lsn":4,{times}}},"op":"d","ts_ms":1700000000123,{times},"transaction":{{"id":"{epoch}-4","total_order":1}}}}"#
        ),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn cloud_events_are_as_written_here() {
    let (events, epoch) = events();
    let lines: Vec<String> =
        events.iter().map(|event| serde_json::to_string(&CloudEvent(event)).unwrap()).collect();
    let head = |index: usize, event_type: &str| {
        format!(
            r#""specversion":"1.0","id":"{}","source":"urn:headwater:my%20shop","type":"{event_type}","time":"2023-11-14T22:13:20.123456Z""#,
            events[index].id()
        )
    };
    let middle = r#""subject":"document/items/a","datacontenttype":"application/json""#;
    let row = r#""store":"document","table":"items""#;
    let expected = [
        format!(
            r#"{{{},{middle},"sequence":"1","transactionid":"{epoch}-1","op":"c",{row},"data":{{"before":null,"after":{{"n":1}}}}}}"#,
            head(0, "cdc.insert")
        ),
        format!(
            r#"{{{},{middle},"sequence":"2","transactionid":"{epoch}-2","correlationid":"order-7","op":"u",{row},"data":{{"before":{{"n":1}},"after":{{"n":2}},"changedFields":["n"]}}}}"#,
            head(1, "cdc.update")
        ),
        format!(
            r#"{{{},"datacontenttype":"application/json","sequence":"3","transactionid":"{epoch}-2","correlationid":"order-7","data":{{"by":1}}}}"#,
            head(2, "Item.counted")
        ),
        format!(
            r#"{{{},{middle},"sequence":"4","transactionid":"{epoch}-4","op":"d",{row},"data":{{"before":{{"n":2}},"after":null}}}}"#,
            head(3, "cdc.delete")
        ),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn extension_attributes_have_names_that_cloudevents_allows() -> Result<()> {
    let (events, _) = events();
    for event in &events {
        let json = serde_json::to_value(CloudEvent(event)).unwrap();
        for name in json.as_object().unwrap().keys() {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        }
    }
    Ok(())
}
