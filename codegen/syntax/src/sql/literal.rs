//! A literal as it is written, and its value: where each byte of the one stands in the other. Absent: whether it is one, which rustc says.

/// Where each byte of a literal's value stands in the literal as it is written, and where its end does.
pub(super) fn places(written: &str) -> Vec<usize> {
    let begin = written.find('"').map_or(0, |at| at + 1);
    let end = written.rfind('"').unwrap_or(written.len());
    let inside = written.get(begin..end).unwrap_or_default();
    let mut places = Vec::new();
    if written.starts_with('r') {
        places.extend((begin..end).chain([end]));
        return places;
    }
    let mut letters = inside.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let place = begin + at;
        if letter != '\\' {
            places.extend((0..letter.len_utf8()).map(|part| place + part));
            continue;
        }
        let length = match letters.next() {
            Some((_, 'x')) => {
                letters.nth(1);
                1
            }
            Some((_, 'u')) => {
                let mut number = 0_u32;
                for (_, letter) in letters.by_ref() {
                    match letter.to_digit(16) {
                        Some(digit) => number = number.saturating_mul(16).saturating_add(digit),
                        None if letter == '}' => break,
                        None => {}
                    }
                }
                char::from_u32(number).map_or(0, char::len_utf8)
            }
            Some((_, '\n' | '\r')) => {
                while letters.next_if(|(_, letter)| letter.is_ascii_whitespace()).is_some() {}
                0
            }
            Some(_) => 1,
            None => 0,
        };
        places.extend(std::iter::repeat_n(place, length));
    }
    places.push(end);
    places
}
