//! The real client against the naive model, over random bytes read as a configuration and actions.

use chat_tests::laws;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_client_does_what_the_naive_model_does(bytes in vec(any::<u8>(), 0..600)) {
        laws::client_model(&bytes);
    }
}
