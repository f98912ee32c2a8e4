//! The real room against the naive model, over random sequences of actions: every datagram and
//! every member compared.

use chat_tests::laws::server_model;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn the_room_does_what_the_naive_model_does(bytes in vec(any::<u8>(), 0..800)) {
        server_model(&bytes);
    }
}
