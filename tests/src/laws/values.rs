//! Value in, bytes out, value back: whatever can be built survives being sent.

use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{DeliveryBuf, Dialect, Reading, ReplyBuf, RequestBuf};

use super::{Message, dialects, survives};

/// A request that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too.
pub fn request_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(request) = RequestBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| survives(&request, dialect));
    }
}

/// A delivery that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too.
pub fn delivery_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(delivery) = DeliveryBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| survives(&delivery, dialect));
    }
}

/// A reply that is drawn from `bytes` survives, in every one of [`dialects`] and in one that is
/// drawn too. A server only says its own end words, so that all of a dialect's stand for one that
/// is not among them.
pub fn reply_value(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    if let Ok(reply) = ReplyBuf::arbitrary(&mut source) {
        let own = Dialect::arbitrary(&mut source).ok();
        in_every_dialect(own, |dialect| {
            if reply.belongs_to(dialect) {
                survives(&reply, dialect);
            } else {
                for word in dialect.ends().iter() {
                    survives(&ReplyBuf::End { word }, dialect);
                }
            }
        });
    }
}

/// Both readings of the known dialects, and of one more.
fn in_every_dialect(one_more: Option<Dialect>, law: impl Fn(&Dialect)) {
    for dialect in dialects().into_iter().chain(one_more) {
        for reading in [Reading::Strict, Reading::Lenient] {
            law(&dialect.with_reading(reading));
        }
    }
}
