//! Both halves over streams in memory, with what a hostile or dying peer sends.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::{FrameError, MAX_BYTES, MAX_JSON, MAX_UNASKED, Reader, Timeouts, Writer};

fn quick() -> Timeouts {
    Timeouts { idle: Some(Duration::from_millis(100)), stall: Duration::from_millis(100) }
}

type Side = (Reader<ReadHalf<DuplexStream>>, Writer<WriteHalf<DuplexStream>>);

fn pair(buffer: usize, timeouts: Timeouts) -> (Side, Side) {
    let side = |stream| {
        let (read, write) = split(stream);
        (Reader::new(read, timeouts), Writer::new(write, timeouts))
    };
    let (a, b) = duplex(buffer);
    (side(a), side(b))
}

/// What a reader makes of raw bytes, which then end.
async fn read_raw(bytes: &[u8]) -> Result<Option<serde_json::Value>, FrameError> {
    let (a, mut b) = duplex(bytes.len() + 1);
    b.write_all(bytes).await.expect("written");
    drop(b);
    Reader::new(a, quick()).receive().await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn messages_arrive_as_they_were_sent(messages: Vec<(String, Vec<u8>)>, buffer in 1_usize..200) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let ((mut reader, _a), (_b, mut writer)) = pair(buffer, Timeouts::default());
            let sending = async {
                for (text, bytes) in &messages {
                    writer.send(text).await.expect("sent");
                    writer.send_bytes(bytes).await.expect("sent");
                }
                writer.close().await.expect("closed");
            };
            let receiving = async {
                let mut received = Vec::new();
                while let Some(text) = reader.receive::<String>().await.expect("a message") {
                    let bytes = reader.receive_bytes(MAX_BYTES).await.expect("a message").expect("bytes");
                    received.push((text, bytes));
                }
                received
            };
            let ((), received) = tokio::join!(sending, receiving);
            prop_assert_eq!(received, messages.clone());
            Ok(())
        })?;
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic(bytes: Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let read = runtime.block_on(read_raw(&bytes));
        prop_assert_eq!(matches!(read, Ok(None)), bytes.is_empty());
    }
}

#[tokio::test]
async fn a_length_is_checked_before_memory_is_kept_for_it() {
    assert!(matches!(
        read_raw(b"\xff\xff\xff\xff\x01").await,
        Err(FrameError::TooLarge { length: 0xffff_ffff, limit: MAX_JSON })
    ));
    // A length that is allowed keeps memory only for what arrived.
    let ((mut reader, _a), (_b, mut writer)) = pair(64, quick());
    writer.inner.write_all(&[0, 15, 0, 0, 1, b'"']).await.expect("written");
    assert!(matches!(reader.receive::<String>().await, Err(FrameError::Silent(_))));
    assert!(reader.buffer.capacity() < 4 * super::STEP);
}

#[tokio::test]
async fn the_wrong_kind_is_refused() {
    let ((mut reader, _a), (_b, mut writer)) = pair(64, quick());
    writer.send_bytes(b"x").await.expect("sent");
    let error = reader.receive::<String>().await.expect_err("refused");
    assert!(matches!(error, FrameError::Kind { expected: 1, found: 2 }));
    // And nothing is read from what follows.
    writer.send("good").await.expect("sent");
    assert!(matches!(reader.receive::<String>().await, Err(FrameError::Broken)));
    assert!(matches!(
        read_raw(b"GET / HTTP/1.1\r\n\r\n").await,
        Err(FrameError::Kind { found: b'/', .. } | FrameError::Kind { .. })
    ));
}

#[tokio::test]
async fn json_of_another_form_leaves_the_stream_usable() {
    let ((mut reader, _a), (_b, mut writer)) = pair(64, quick());
    writer.send(&7).await.expect("sent");
    writer.send("next").await.expect("sent");
    assert!(matches!(reader.receive::<String>().await, Err(FrameError::Json(_))));
    assert_eq!(reader.receive::<String>().await.expect("a message").as_deref(), Some("next"));
}

#[tokio::test]
async fn what_is_too_large_is_not_sent_and_the_next_message_is() {
    let ((mut reader, _a), (_b, mut writer)) = pair(64, quick());
    assert!(matches!(writer.send(&"x".repeat(MAX_JSON)).await, Err(FrameError::TooLarge { .. })));
    assert!(matches!(writer.send_bytes(&vec![0; MAX_BYTES + 1]).await, Err(FrameError::TooLarge { .. })));
    writer.send_bytes(&[1, 2, 3]).await.expect("sent");
    assert!(matches!(reader.receive_bytes(2).await, Err(FrameError::TooLarge { length: 3, limit: 2 })));
}

#[tokio::test]
async fn an_end_in_the_middle_is_a_cut_and_one_between_is_the_end() {
    assert!(matches!(read_raw(b"").await, Ok(None)));
    for bytes in [&b"\0"[..], b"\0\0\0\x02", b"\0\0\0\x02\x01", b"\0\0\0\x02\x01{"] {
        assert!(matches!(read_raw(bytes).await, Err(FrameError::Cut)), "{bytes:?}");
    }
    assert!(matches!(read_raw(b"\0\0\0\x02\x01{}").await, Ok(Some(_))));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up_and_the_stream_is_torn() {
    let ((_reader, _a), (_b, mut writer)) = pair(16, quick());
    assert!(matches!(writer.send_bytes(&[0; 100]).await, Err(FrameError::Silent(_))));
    assert!(matches!(writer.send("more").await, Err(FrameError::Broken)));
}

#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let ((mut reader, _a), (_b, _writer)) = pair(16, quick());
    let error = reader.receive::<String>().await.expect_err("silent");
    assert_eq!(error.to_string(), "the other side is silent for 0.1 s");
}

#[tokio::test]
async fn waiting_that_is_given_up_loses_nothing() {
    let ((mut reader, _a), (_b, mut writer)) = pair(1024, Timeouts { idle: None, ..quick() });
    let json = b"\0\0\0\x06\x01\"good\"";
    for part in json.chunks(2) {
        let waiting = tokio::time::timeout(Duration::from_millis(5), reader.receive::<String>());
        assert!(waiting.await.is_err(), "it is not there yet");
        writer.inner.write_all(part).await.expect("written");
    }
    assert_eq!(reader.receive::<String>().await.expect("a message").as_deref(), Some("good"));
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_noticed_while_it_should_wait() {
    let ((mut reader, mut own), (other_reader, mut writer)) = pair(1024, quick());
    writer.send("already sent").await.expect("sent");
    let mut closed = Box::pin(reader.closed());
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut closed).await.is_err(), "the peer is there");
    own.send("progress").await.expect("sent while waiting");
    drop((other_reader, writer));
    closed.await;
    // What came before is not lost.
    assert_eq!(reader.receive::<String>().await.expect("a message").as_deref(), Some("already sent"));
    assert!(matches!(reader.receive::<String>().await, Ok(None)));
}

#[tokio::test]
async fn a_peer_that_sends_much_unasked_is_taken_for_gone() {
    let ((mut reader, _a), (_b, mut writer)) = pair(4 * MAX_UNASKED, quick());
    writer.send_bytes(&vec![0; 2 * MAX_UNASKED]).await.expect("sent");
    reader.closed().await;
    assert!(reader.buffer.len() <= 2 * MAX_UNASKED);
}
