//! How two sides that share a short code come to trust each other's keys.
//! In: a code that a person carries from the node to the command, and the secret of their connection. Out: proofs that fit this one
//! connection. Absent: the code on the wire, and a second guess for free.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base32;
use crate::digest::{hex, unhex};
use crate::peers::Role;

/// How long a code is good for: 15 minutes.
pub const VALID: Duration = Duration::from_secs(15 * 60);

/// How many wrong proofs a code survives, and one more ends it.
const ATTEMPTS: u32 = 5;

/// Five bits each.
const CHARACTERS: usize = 12;

/// A pairing code of 60 bits, such as `K7QF-3MNP-XW2R`. Only [`fmt::Display`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CHARACTERS]);

impl Code {
    /// A new code.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate() -> Result<Self, RandomError> {
        let mut values = [0; CHARACTERS];
        SystemRandom::new().fill(&mut values).map_err(|_| RandomError)?;
        Ok(Self(values.map(|value| value & 31)))
    }
}

/// The operating system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers for a pairing code")]
pub struct RandomError;

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            if at % 4 == 0 && at > 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", base32::character(*value).to_ascii_uppercase())?;
        }
        Ok(())
    }
}

// A code in a log would let its readers in.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pairing code is 12 letters and digits, such as `K7QF-3MNP-XW2R`")]
pub struct CodeError;

impl FromStr for Code {
    type Err = CodeError;

    /// Case, dashes and spaces do not count, and `o`, `i` and `l` are read as what they look like.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut characters = text.chars().filter(|character| !matches!(character, '-' | ' '));
        let mut values = [0; CHARACTERS];
        for value in &mut values {
            *value = characters.next().and_then(base32::value).ok_or(CodeError)?;
        }
        if characters.next().is_some() { Err(CodeError) } else { Ok(Self(values)) }
    }
}

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The command, which proves first.
    Client,
    /// The node.
    Server,
}

/// A proof that one knows the code, for one connection and one side. Comparing takes as long whether it is right or wrong.
#[derive(Clone, Copy)]
pub struct Proof(blake3::Hash);

/// The proof that `side` shows on the connection with this secret ([`crate::transport::Connection::exporter`]).
#[must_use]
pub fn proof(code: &Code, exporter: &[u8; 32], side: Side) -> Proof {
    let key = blake3::derive_key("cell-node 1 pairing code", &code.0);
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(match side {
        Side::Client => b"client",
        Side::Server => b"server",
    });
    hasher.update(exporter);
    Proof(hasher.finalize())
}

impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        // `blake3::Hash` compares in constant time.
        self.0 == other.0
    }
}

impl Eq for Proof {}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(self.0.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = unhex(&text).ok_or_else(|| serde::de::Error::custom("a proof is 64 hexadecimal digits"))?;
        Ok(Self(blake3::Hash::from_bytes(bytes)))
    }
}

/// The code that a node shows, if it shows one.
#[derive(Debug, Default)]
pub struct Codes {
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    code: Code,
    role: Role,
    expires: Instant,
    wrong: u32,
}

/// Why a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The node shows no code.
    #[error("the node waits for nobody to pair: its code was used or has expired, ask it for a new one")]
    NoCode,
    /// The proof is not that of the code.
    #[error("the pairing code is wrong: {left} more tries, then the node makes another code")]
    Wrong {
        /// How many more may be wrong.
        left: u32,
    },
    /// It was wrong once too often.
    #[error(
        "the pairing code was wrong {ATTEMPTS} times, and is good no more: `cargo cell daemon pair` on the node shows another"
    )]
    Replaced,
}

/// What a right proof is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What the other side's key may do from now on.
    pub role: Role,
    /// The node's own proof, which tells the other side that it is the node of the code.
    pub proof: Proof,
}

impl Codes {
    /// Makes a code for a role, in place of the one there was.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn issue(&mut self, role: Role, now: Instant) -> Result<Code, RandomError> {
        let code = Code::generate()?;
        self.current = Some(Current { code: code.clone(), role, expires: now + VALID, wrong: 0 });
        Ok(code)
    }

    /// The code that is shown now, its role, and how long it is still good.
    #[must_use]
    pub fn current(&self, now: Instant) -> Option<(&Code, Role, Duration)> {
        let current = self.current.as_ref().filter(|current| now < current.expires)?;
        Some((&current.code, current.role, current.expires - now))
    }

    /// Shows no code any more.
    pub fn withdraw(&mut self) {
        self.current = None;
    }

    /// Checks the proof of a client. A right one uses the code up: [`Codes::issue`] makes the next. After five wrong ones there is
    /// another code, which expires when the first would have: guessing keeps nothing open for longer.
    ///
    /// # Errors
    /// There is no code, or the proof is wrong.
    pub fn check(&mut self, shown: &Proof, exporter: &[u8; 32], now: Instant) -> Result<Accepted, Refused> {
        let Some(current) = self.current.as_mut().filter(|current| now < current.expires) else {
            self.current = None;
            return Err(Refused::NoCode);
        };
        if *shown == proof(&current.code, exporter, Side::Client) {
            let accepted = Accepted { role: current.role, proof: proof(&current.code, exporter, Side::Server) };
            self.current = None;
            return Ok(accepted);
        }
        current.wrong += 1;
        let left = ATTEMPTS.saturating_sub(current.wrong);
        if left > 0 {
            return Err(Refused::Wrong { left });
        }
        match Code::generate() {
            Ok(code) => (current.code, current.wrong) = (code, 0),
            // No code is better than one that is being guessed.
            Err(RandomError) => self.current = None,
        }
        Err(Refused::Replaced)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use tokio::net::TcpListener;

    use super::{Code, Codes, Refused, Side, VALID, proof};
    use crate::key::Key;
    use crate::peers::Role;
    use crate::transport::{Acceptor, Connection, connect};

    proptest! {
        #[test]
        fn a_code_reads_back_as_people_write_it(values: [u8; 12]) {
            let code = Code(values.map(|value| value & 31));
            let text = code.to_string();
            prop_assert_eq!(text.len(), 14);
            for written in [text.clone(), text.to_lowercase(), text.replace('-', ""), text.replace('-', " "), text.replace('0', "o").replace('1', "I"), text.replace('0', "O").replace('1', "l")] {
                prop_assert_eq!(written.parse::<Code>(), Ok(code.clone()));
            }
        }

        #[test]
        fn other_text_is_no_code(text in "\\PC{0,20}") {
            if let Ok(code) = text.parse::<Code>() {
                prop_assert_eq!(code.to_string().parse(), Ok(code));
            }
        }

        #[test]
        fn a_proof_fits_one_code_one_connection_and_one_side(values: [u8; 12], other: [u8; 12], exporter: [u8; 32], another: [u8; 32]) {
            let (code, other) = (Code(values.map(|value| value & 31)), Code(other.map(|value| value & 31)));
            prop_assume!(code != other && exporter != another);
            let right = proof(&code, &exporter, Side::Client);
            prop_assert!(right == proof(&code, &exporter, Side::Client));
            prop_assert!(right != proof(&code, &exporter, Side::Server));
            prop_assert!(right != proof(&code, &another, Side::Client));
            prop_assert!(right != proof(&other, &exporter, Side::Client));
            let json = serde_json::to_string(&right).expect("json");
            prop_assert!(serde_json::from_str::<super::Proof>(&json).expect("a proof") == right);
        }
    }

    #[test]
    fn codes_are_refused_that_are_too_short_or_too_long() {
        for text in ["", "K7QF-3MNP-XW2", "K7QF-3MNP-XW2RR", "K7QF-3MNP-XW2U", "K7QF_3MNP_XW2R"] {
            assert!(text.parse::<Code>().is_err(), "{text}");
        }
        let code = Code::generate().expect("a code");
        assert_ne!(code, Code::generate().expect("a code"));
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    const EXPORTER: [u8; 32] = [7; 32];

    #[test]
    fn a_code_is_good_once_and_for_a_while() {
        let now = Instant::now();
        let mut codes = Codes::default();
        let code = codes.issue(Role::Observe, now).expect("a code");
        let right = proof(&code, &EXPORTER, Side::Client);
        assert_eq!(codes.current(now), Some((&code, Role::Observe, VALID)));
        let later = now + VALID - Duration::from_secs(1);
        let accepted = codes.check(&right, &EXPORTER, later).expect("accepted");
        assert_eq!(accepted.role, Role::Observe);
        assert!(accepted.proof == proof(&code, &EXPORTER, Side::Server));
        assert_eq!(codes.check(&right, &EXPORTER, later), Err(Refused::NoCode));

        let code = codes.issue(Role::Deploy, now).expect("a code");
        let right = proof(&code, &EXPORTER, Side::Client);
        assert_eq!(codes.current(now + VALID), None);
        assert_eq!(codes.check(&right, &EXPORTER, now + VALID), Err(Refused::NoCode));
        // A clock that goes back does not bring it back.
        assert_eq!(codes.check(&right, &EXPORTER, now), Err(Refused::NoCode));
    }

    #[test]
    fn five_wrong_proofs_replace_the_code_and_prolong_nothing() {
        let now = Instant::now();
        let mut codes = Codes::default();
        let code = codes.issue(Role::Deploy, now).expect("a code");
        let wrong = proof(&code, &EXPORTER, Side::Server);
        for left in [4, 3, 2, 1] {
            assert_eq!(codes.check(&wrong, &EXPORTER, now), Err(Refused::Wrong { left }));
        }
        let later = now + Duration::from_secs(60);
        assert_eq!(codes.check(&wrong, &EXPORTER, later), Err(Refused::Replaced));
        let (next, role, left) = codes.current(later).expect("a code");
        assert_ne!(next, &code);
        assert_eq!((role, left), (Role::Deploy, VALID - Duration::from_secs(60)));
        let right = proof(&code, &EXPORTER, Side::Client);
        assert_eq!(codes.check(&right, &EXPORTER, later), Err(Refused::Wrong { left: 4 }));
        codes.withdraw();
        assert_eq!(codes.current(later), None);
    }

    #[tokio::test]
    async fn a_proof_does_not_fit_another_connection() {
        let (node, person, thief) =
            (Key::generate().expect("a key"), Key::generate().expect("a key"), Key::generate().expect("a key"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address").to_string();
        let acceptor = Acceptor::new(&node).expect("an acceptor");
        let meet = async |key: &Key| -> (Connection, Connection) {
            let accepting = async { acceptor.accept(listener.accept().await.expect("a client").0).await };
            let (client, accepted) = tokio::join!(connect(&address, key, None, Duration::from_secs(10)), accepting);
            (client.expect("connected"), accepted.expect("accepted"))
        };
        let now = Instant::now();
        let mut codes = Codes::default();
        let code = codes.issue(Role::Deploy, now).expect("a code");

        let (mut client, mut accepted) = meet(&person).await;
        client.send(&proof(&code, &client.exporter(), Side::Client)).await.expect("sent");
        let shown: super::Proof = accepted.receive().await.expect("a message").expect("a proof");

        // One who sees the proof, or to whom it was shown by mistake, has no use for it.
        let (_client, stolen) = meet(&thief).await;
        assert_eq!(codes.check(&shown, &stolen.exporter(), now), Err(Refused::Wrong { left: 4 }));
        let answer = codes.check(&shown, &accepted.exporter(), now).expect("accepted");
        assert!(answer.proof == proof(&code, &client.exporter(), Side::Server));
        assert_eq!(accepted.peer(), person.public());
    }
}
