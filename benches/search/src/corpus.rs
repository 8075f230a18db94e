//! A corpus that is the same on every machine: documents of words as frequent as in a language, by Zipf's law. In: a number. Out: texts.

/// Of how many words documents are made.
const VOCABULARY: u64 = 50_000;
const SYLLABLES: [&str; 20] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qi", "ro", "su", "ta", "ve", "wi", "xo",
    "zu",
];

/// Numbers in a row, by xorshift.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A word's place: small ones are frequent.
    fn place(&mut self) -> u64 {
        let fraction = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((VOCABULARY as f64).powf(fraction) - 1.0) as u64
    }
}

/// A word by its place.
pub fn word(place: u64) -> String {
    let mut left = place + 20;
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES[(left % 20) as usize]);
        left /= 20;
    }
    word
}

/// A document: its name and its text.
pub fn document(at: u64) -> (String, String) {
    let mut numbers = Numbers::new(at + 1);
    let mut words = |count: u64| (0..count).map(|_| word(numbers.place())).collect::<Vec<_>>().join(" ");
    (words(4), words(60))
}

/// Two words that are searched for together.
pub fn question(at: u64) -> String {
    let mut numbers = Numbers::new(at + 77_777);
    format!("{} {}", word(20 + numbers.next() % 400), word(numbers.next() % 200))
}
