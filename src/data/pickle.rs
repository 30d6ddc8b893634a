//! Reads Python pickles as plain values, without executing anything.
//!
//! A pickle is a program for a small stack machine. This reader carries out the part of it that builds values: numbers,
//! texts, bytes, lists, tuples and dictionaries. Where a pickle would look up or call something of Python's, it keeps the
//! name and the arguments ([`Value::Name`], [`Value::Made`]), and the caller decides what they stand for. The operations
//! are those of protocols 0 to 5 as Python's `pickletools` documents them, without sets, buffers and extensions.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

/// The place of a value in a [`Pickle`].
pub type Id = usize;

/// A value of a pickle.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Python's `None`.
    None,
    /// True or false.
    Bool(bool),
    /// A whole number; one beyond 64 bits is refused.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Bytes, or a text of Python 2 that is not ASCII.
    Bytes(&'a [u8]),
    /// A list.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A dictionary, or an `OrderedDict`: keys and values.
    Dict(Vec<(Id, Id)>),
    /// Something that Python would look up.
    Name {
        /// The module.
        module: &'a str,
        /// The name in it.
        name: &'a str,
    },
    /// What Python would make by a call.
    Made {
        /// What is called.
        maker: Id,
        /// The arguments, a tuple.
        arguments: Id,
        /// The state that is set afterwards.
        state: Option<Id>,
    },
    /// What the file refers to outside the pickle.
    Persistent(Id),
}

/// The values of a pickle.
#[derive(Debug, Clone, PartialEq)]
pub struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
}

/// The most values of a pickle.
const MOST: usize = 4_000_000;

impl<'a> Pickle<'a> {
    /// Reads a pickle. A value may be part of several others, and of itself.
    ///
    /// # Errors
    /// One line: what the bytes are instead.
    pub fn read(bytes: &'a [u8]) -> Result<Pickle<'a>, String> {
        Self::read_front(bytes).map(|(pickle, _)| pickle)
    }

    /// Reads the pickle at the front of the bytes; also what follows it.
    ///
    /// # Errors
    /// As for [`Pickle::read`].
    pub fn read_front(bytes: &'a [u8]) -> Result<(Pickle<'a>, &'a [u8]), String> {
        let mut machine = Machine {
            rest: bytes,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
        };
        loop {
            let [operation] = machine.array()?;
            if operation == b'.' {
                let root = machine.pop()?;
                return Ok((Pickle { values: machine.values, root }, machine.rest));
            }
            machine.step(operation)?;
        }
    }

    /// The value that the pickle stands for.
    pub fn root(&self) -> Id {
        self.root
    }

    /// All values, in the order in which they are made.
    pub fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    /// A value.
    pub fn value(&self, id: Id) -> &Value<'a> {
        self.values.get(id).unwrap_or(&Value::None)
    }

    /// Bytes, or those of a text.
    pub fn bytes(&self, id: Id) -> Option<&'a [u8]> {
        match self.value(id) {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Name { .. }
            | Value::Made { .. }
            | Value::Persistent(_) => None,
        }
    }

    /// A text; also one that Python 2 wrote as bytes.
    pub fn text(&self, id: Id) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(id)?).ok()
    }

    /// The items of a list or a tuple.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        if let Value::List(items) | Value::Tuple(items) = self.value(id) { Some(items) } else { None }
    }

    /// A whole number.
    pub fn int(&self, id: Id) -> Option<i64> {
        if let Value::Int(number) = self.value(id) { Some(*number) } else { None }
    }

    /// The value under a key of a dictionary; the last one of equal keys.
    pub fn get(&self, dict: Id, key: &str) -> Option<Id> {
        let Value::Dict(items) = self.value(dict) else { return None };
        items.iter().rev().find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| *value)
    }

    /// What is made by a call of a name: the arguments and the state.
    pub fn made_by(&self, id: Id, name: &str) -> Option<(&[Id], Option<Id>)> {
        let Value::Made { maker, arguments, state } = self.value(id) else { return None };
        let is_it = matches!(self.value(*maker), Value::Name { name: own, .. } if *own == name);
        Some((self.items(*arguments).filter(|_| is_it)?, *state))
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// The heights of the stack at the marks.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

const CUT: &str = "expected a whole pickle, got one that is cut short or damaged; download it again";

impl<'a> Machine<'a> {
    fn step(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            0x80 => drop(self.array::<1>()?),
            0x95 => drop(self.array::<8>()?),
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'J' | b'K' | b'M' | b'I' | b'L' | 0x8a | b'G' | b'F' => self.number(operation)?,
            b'T' | b'U' | b'S' | b'B' | b'C' | 0x8e | b'X' | 0x8c | 0x8d | b'V' => self.string(operation)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let top = *self.stack.last().ok_or(CUT)?;
                self.stack.push(top);
            }
            b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g' => self.memo(operation)?,
            b'c' | 0x93 | b'R' | 0x81 | b'b' | b'Q' => self.call(operation)?,
            b']' | b'l' | b'a' | b'e' | b')' | b't' | 0x85 | 0x86 | 0x87 | b'}' | b'd' | b's' | b'u' => {
                self.collection(operation)?;
            }
            other => {
                return Err(format!(
                    "expected a pickle of numbers, texts and lists, got operation {other:#04x}; save it in another form"
                ));
            }
        }
        Ok(())
    }

    fn number(&mut self, operation: u8) -> Result<(), String> {
        let value = match operation {
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'K' => Value::Int(i64::from(self.array::<1>()?[0])),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            0x8a => {
                let [len] = self.array()?;
                let bytes = self.take(usize::from(len))?;
                let sign = if bytes.last().is_some_and(|byte| *byte > 127) { 0xff } else { 0 };
                let mut whole = [sign; 8];
                let too_large = || {
                    format!("expected numbers of 64 bits, got one of {len} bytes; save it in another form")
                };
                whole.get_mut(..bytes.len()).ok_or_else(too_large)?.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(whole))
            }
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            b'F' => Value::Float(self.line()?.parse().map_err(|_| CUT)?),
            _ => match self.line()?.trim_end_matches('L') {
                "01" => Value::Bool(true),
                "00" => Value::Bool(false),
                number => Value::Int(number.parse().map_err(|_| CUT)?),
            },
        };
        self.push(value)
    }

    fn string(&mut self, operation: u8) -> Result<(), String> {
        let len = match operation {
            b'U' | b'C' | 0x8c => u64::from(self.array::<1>()?[0]),
            b'T' | b'B' | b'X' => u64::from(u32::from_le_bytes(self.array()?)),
            0x8e | 0x8d => u64::from_le_bytes(self.array()?),
            _ => {
                let line = self.line()?;
                let quoted = line.strip_prefix(['\'', '"']).and_then(|line| line.strip_suffix(['\'', '"']));
                let text = if operation == b'S' { quoted.ok_or(CUT)? } else { line };
                if text.contains('\\') {
                    return Err(
                        "expected plain texts, got one with escapes; save it in another form".to_owned()
                    );
                }
                return self.push(Value::Text(text));
            }
        };
        let bytes = self.take(usize::try_from(len).map_err(|_| CUT)?)?;
        let text = std::str::from_utf8(bytes);
        let value = match operation {
            b'B' | b'C' | 0x8e => Value::Bytes(bytes),
            b'X' | 0x8c | 0x8d => Value::Text(text.map_err(|_| CUT)?),
            // Python 2 has one type for both.
            _ => text.ok().filter(|text| text.is_ascii()).map_or(Value::Bytes(bytes), Value::Text),
        };
        self.push(value)
    }

    fn memo(&mut self, operation: u8) -> Result<(), String> {
        let place = match operation {
            b'q' | b'h' => u32::from(self.array::<1>()?[0]),
            b'r' | b'j' => u32::from_le_bytes(self.array()?),
            b'p' | b'g' => self.line()?.parse().map_err(|_| CUT)?,
            _ => u32::try_from(self.memo.len()).map_err(|_| CUT)?,
        };
        if matches!(operation, b'h' | b'j' | b'g') {
            let value = *self.memo.get(&place).ok_or(CUT)?;
            self.stack.push(value);
        } else {
            let value = *self.stack.last().ok_or(CUT)?;
            self.memo.insert(place, value);
        }
        self.bounded()
    }

    fn call(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Name { module, name })
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id: Id| {
                    if let Some(Value::Text(text)) = self.values.get(id) { Some(*text) } else { None }
                };
                let (module, name) = text(module).zip(text(name)).ok_or(CUT)?;
                self.push(Value::Name { module, name })
            }
            b'R' | 0x81 => {
                let (arguments, maker) = (self.pop()?, self.pop()?);
                let is_dict = matches!(self.values.get(maker), Some(Value::Name { name: "OrderedDict", .. }));
                self.push(match is_dict {
                    true => Value::Dict(Vec::new()),
                    false => Value::Made { maker, arguments, state: None },
                })
            }
            b'b' => {
                let (given, to) = (self.pop()?, *self.stack.last().ok_or(CUT)?);
                // A dictionary's own state is metadata.
                if let Some(Value::Made { state, .. }) = self.values.get_mut(to) {
                    *state = Some(given);
                }
                Ok(())
            }
            _ => {
                let id = self.pop()?;
                self.push(Value::Persistent(id))
            }
        }
    }

    fn collection(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b'l' => {
                let items = self.since_mark()?;
                self.push(Value::List(items))
            }
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items))
            }
            0x85..=0x87 => {
                let len = usize::from(operation.saturating_sub(0x84));
                let at = self.stack.len().checked_sub(len).ok_or(CUT)?;
                let items = self.stack.split_off(at);
                self.push(Value::Tuple(items))
            }
            b'd' => {
                let items = pairs(&self.since_mark()?)?;
                self.push(Value::Dict(items))
            }
            b'a' | b'e' => {
                let items = if operation == b'a' { vec![self.pop()?] } else { self.since_mark()? };
                let to = *self.stack.last().ok_or(CUT)?;
                let Some(Value::List(list)) = self.values.get_mut(to) else { return Err(CUT.to_owned()) };
                list.extend(items);
                self.bounded()
            }
            _ => {
                let items = if operation == b's' {
                    let value = self.pop()?;
                    vec![self.pop()?, value]
                } else {
                    self.since_mark()?
                };
                let to = *self.stack.last().ok_or(CUT)?;
                let Some(Value::Dict(dict)) = self.values.get_mut(to) else { return Err(CUT.to_owned()) };
                dict.extend(pairs(&items)?);
                self.bounded()
            }
        }
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), String> {
        self.stack.push(self.values.len());
        self.values.push(value);
        self.bounded()
    }

    /// Every operation adds a few words at most, so the number of values and the bytes of the file bound the memory.
    fn bounded(&self) -> Result<(), String> {
        if self.values.len() > MOST || self.stack.len() > MOST || self.memo.len() > MOST {
            return Err(format!("expected at most {MOST} values, got more; save it in another form"));
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(|| CUT.to_owned())
    }

    /// What lies above the last mark.
    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or(CUT)?;
        if mark > self.stack.len() {
            return Err(CUT.to_owned());
        }
        Ok(self.stack.split_off(mark))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(CUT)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The text up to the end of the line, which is taken, too.
    fn line(&mut self) -> Result<&'a str, String> {
        let len = self.rest.iter().position(|byte| *byte == b'\n').ok_or(CUT)?;
        let line = self.take(len)?;
        self.array::<1>()?;
        std::str::from_utf8(line).map_err(|_| CUT.to_owned())
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    } else {
        Err(CUT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_protocols_are_read() {
        // {'a': [1, -2, 3.5, True], 'b': (b'xy', None)} by protocols 0, 2 and 4.
        let zero: &[u8] = b"(dp0\nS'a'\np1\n(lp2\nI1\naI-2\naF3.5\naI01\nasS'b'\np3\n(S'xy'\nNtp4\ns.";
        let two: &[u8] =
            b"\x80\x02}q\0(U\x01aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0\x88eU\x01bq\x03U\x02xyN\x86q\x04u.";
        let four: &[u8] =
            b"\x80\x04\x95\x20\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94]\x94(K\x01\x8a\x01\xfeG@\x0c\0\0\0\0\0\0\x88e\x8c\x01b\x94C\x02xy\x94N\x86\x94u.";
        for bytes in [zero, two, four] {
            let pickle = Pickle::read(bytes).expect("a pickle");
            let list = pickle.get(pickle.root(), "a").and_then(|list| pickle.items(list)).expect("a list");
            assert_eq!((pickle.int(list[0]), pickle.int(list[1])), (Some(1), Some(-2)));
            assert_eq!(
                (pickle.value(list[2]), pickle.value(list[3])),
                (&Value::Float(3.5), &Value::Bool(true))
            );
            let pair = pickle.get(pickle.root(), "b").and_then(|pair| pickle.items(pair)).expect("a tuple");
            assert_eq!((pickle.text(pair[0]), pickle.value(pair[1])), (Some("xy"), &Value::None));
            for len in 0..bytes.len() {
                assert!(Pickle::read(&bytes[..len]).is_err(), "{len}");
            }
        }
    }

    #[test]
    fn nothing_is_executed() {
        let pickle = Pickle::read(b"cos\nsystem\n(S'rm -rf /'\ntR.").expect("a pickle");
        let (arguments, state) = pickle.made_by(pickle.root(), "system").expect("kept as a call");
        assert_eq!((pickle.text(arguments[0]), state), (Some("rm -rf /"), None));
        assert_eq!(pickle.made_by(pickle.root(), "popen"), None);
    }

    #[test]
    fn hostile_pickles_get_one_line() {
        let huge = [&b"\x8e"[..], &u64::MAX.to_le_bytes(), b"x."].concat();
        let long = [&b"\x8a\xff"[..], &[7; 255], b"."].concat();
        let cases: [&[u8]; 14] = [
            b"",
            b".",
            b"e.",
            b"(e.",
            b"]a.",
            b"K\x01K\x02s.",
            b"}K\x01K\x02K\x03(u.",
            b"h\x07.",
            b"\x87.",
            b"(0t.",
            b"T\xff\xff\xff\xffx.",
            b"\x8f.",
            &huge,
            &long,
        ];
        for bytes in cases {
            let error = Pickle::read(bytes).expect_err("no pickle");
            assert!(error.starts_with("expected") && error.contains(';') && !error.contains('\n'), "{error}");
        }
        // A list that holds itself.
        let pickle = Pickle::read(b"]q\0h\0a.").expect("a pickle");
        assert_eq!(pickle.items(pickle.root()), Some(&[pickle.root()][..]));
        assert!(Pickle::read(&[vec![b'N'; MOST + 2], vec![b'.']].concat()).is_err());
    }
}
