//! Against serde's types of the `opentelemetry-proto` crate, both ways.
//!
//! Known differences, which what is generated here avoids: serde's types read `stringValueStrindex`
//! not at all and stumble over unknown members of a value, take ids of any length, enums only as
//! numbers, 32-bit integers only as numbers, `null` only in some places, and write doubles that are
//! not finite as `null` nearly everywhere.

use super::sample::Choices;
use super::{FrameError, Signal, spelling, transcode};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..900)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }
}

fn transcoded(signal: Signal, json: &str) -> Result<Vec<u8>, FrameError> {
    let mut out = Vec::new();
    transcode(signal, json.as_bytes(), usize::MAX, &mut out).map(|()| out)
}

macro_rules! compare {
    ($signal:expr, $message:ty, $request:expr, $spelling:expr) => {{
        let request: $message = $request;
        let plain = serde_json::to_string(&request).unwrap();
        let ours = transcoded($signal, &plain).map_err(|error| format!("{error}: {plain}"));
        let ours = <$message>::decode(ours.unwrap().as_slice()).unwrap();
        // Encoded, because NaN is no NaN.
        prop_assert_eq!(ours.encode_to_vec(), request.encode_to_vec(), "{}", plain);
        let theirs: $message = serde_json::from_str(&plain).unwrap();
        prop_assert_eq!(ours.encode_to_vec(), theirs.encode_to_vec(), "{}", plain);

        let odd = spelling::odd(&serde_json::to_value(&request).unwrap(), $spelling);
        let ours = transcoded($signal, &odd).map_err(|error| format!("{error}: {odd}"));
        let ours = <$message>::decode(ours.unwrap().as_slice()).unwrap();
        prop_assert_eq!(ours.encode_to_vec(), request.encode_to_vec(), "{}", odd);
    }};
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn requests_mean_the_same_however_they_are_spelled(
        choices in choices(),
        spelling in choices(),
    ) {
        let mut spelling = Choices(&spelling);
        let mut draw = Choices(&choices);
        let (traces, metrics, logs) = (draw.traces(), draw.metrics(), draw.logs());
        compare!(Signal::Traces, ExportTraceServiceRequest, traces, &mut spelling);
        compare!(Signal::Metrics, ExportMetricsServiceRequest, metrics, &mut spelling);
        compare!(Signal::Logs, ExportLogsServiceRequest, logs, &mut spelling);
        let (metrics, logs) = (Choices(&choices).metrics(), Choices(&choices).logs());
        compare!(Signal::Metrics, ExportMetricsServiceRequest, metrics, &mut spelling);
        compare!(Signal::Logs, ExportLogsServiceRequest, logs, &mut spelling);
    }

    #[test]
    fn pauses_change_nothing_and_every_cut_is_refused(
        choices in choices(),
        step in 1_usize..200,
    ) {
        let json = serde_json::to_string(&Choices(&choices).traces()).unwrap();
        let whole = transcoded(Signal::Traces, &json).unwrap();
        let mut paused = Vec::new();
        let mut transcoder = super::Transcoder::new(Signal::Traces, json.as_bytes(), usize::MAX);
        while !transcoder.step(&mut paused, step).unwrap() {}
        prop_assert_eq!(paused, whole);
        for cut in (0..json.len()).step_by(step) {
            let mut out = Vec::new();
            let cut = json.as_bytes().get(..cut).unwrap();
            prop_assert!(transcode(Signal::Traces, cut, usize::MAX, &mut out).is_err());
        }
    }

    #[test]
    fn damaged_documents_never_panic_and_what_is_taken_is_valid(
        choices in choices(),
        damages in vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut json = serde_json::to_vec(&Choices(&choices).metrics()).unwrap();
        for (place, byte) in damages {
            let place = place % json.len();
            json[place] = byte;
        }
        let mut out = Vec::new();
        match transcode(Signal::Metrics, &json, usize::MAX, &mut out) {
            Ok(()) => prop_assert!(ExportMetricsServiceRequest::decode(out.as_slice()).is_ok()),
            Err(FrameError::BadJson(error)) => prop_assert!(error.offset <= json.len()),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
