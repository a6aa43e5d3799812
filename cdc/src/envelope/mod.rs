//! Events in the shapes that other systems read.

mod cloudevents;
mod debezium;

pub use cloudevents::CloudEvent;
pub use debezium::Debezium;
