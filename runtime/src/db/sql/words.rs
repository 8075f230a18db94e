//! A sentence that is put together while rustc compiles: what a constant that panics says. Absent: anything at run time.

/// How long a sentence may be; what is longer is cut.
const LONGEST: usize = 400;

/// A sentence, so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }

    /// With more behind it.
    pub(super) const fn with(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.length < LONGEST {
            self.bytes[self.length] = text[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    /// With a number behind it.
    pub(super) const fn number(self, number: usize) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let so_far = if number >= 10 { self.number(number / 10) } else { self };
        so_far.with(DIGITS[number % 10])
    }

    /// The sentence; what was cut inside of a letter is not shown.
    pub(super) const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "a statement's names are too long to be shown here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn a_sentence_is_put_together_and_cut_where_it_is_too_long() {
        assert_eq!(Words::new().with("gives ").number(120).with(" é").text(), "gives 120 é");
        assert_eq!(Words::new().with(&"a".repeat(500)).text().len(), 400);
        assert_eq!(
            Words::new().with(&"a".repeat(399)).with("é").text(),
            "a statement's names are too long to be shown here"
        );
    }
}
