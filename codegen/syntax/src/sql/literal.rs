//! A literal as it is written, and its value: where each byte of the one stands in the other. Absent: whether it is one, which rustc says.

/// Where each byte of a literal's value stands in the literal as it is written, and where its end does: as the number of a letter,
/// since so spans count. Two characters that end a line are one in the value.
pub(super) fn places(written: &str) -> Vec<usize> {
    let is_raw = written.starts_with('r');
    let end = written.rfind('"').unwrap_or(written.len());
    let mut letters = written.char_indices().enumerate().take_while(|(_, (at, _))| *at < end).peekable();
    // To the quote that opens it.
    for (_, (_, letter)) in letters.by_ref() {
        if letter == '"' {
            break;
        }
    }
    let mut places = Vec::new();
    while let Some((place, (_, letter))) = letters.next() {
        if letter == '\r' && letters.peek().is_some_and(|(_, (_, next))| *next == '\n') {
            letters.next();
            places.push(place);
            continue;
        }
        if is_raw || letter != '\\' {
            places.extend(std::iter::repeat_n(place, letter.len_utf8()));
            continue;
        }
        let length = match letters.next() {
            Some((_, (_, 'x'))) => {
                letters.nth(1);
                1
            }
            Some((_, (_, 'u'))) => {
                let mut number = 0_u32;
                for (_, (_, letter)) in letters.by_ref() {
                    match letter.to_digit(16) {
                        Some(digit) => number = number.saturating_mul(16).saturating_add(digit),
                        None if letter == '}' => break,
                        None => {}
                    }
                }
                char::from_u32(number).map_or(0, char::len_utf8)
            }
            Some((_, (_, '\n' | '\r'))) => {
                while letters.next_if(|(_, (_, letter))| letter.is_ascii_whitespace()).is_some() {}
                0
            }
            Some(_) => 1,
            None => 0,
        };
        places.extend(std::iter::repeat_n(place, length));
    }
    places.push(written.get(..end).unwrap_or_default().chars().count());
    places
}
