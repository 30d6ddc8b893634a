//! A reader of the pickles that hold PyTorch's state dicts. Nothing is executed: a pickle's calls become tensors if they
//! are those that make tensors, and opaque objects otherwise.
//!
//! Opcodes as in Python's `Lib/pickletools.py`, protocols 2 to 5.

use std::collections::HashMap;

/// A value; texts and objects are places in [`Pickle`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Item {
    None,
    Bool(bool),
    Int(i64),
    Text(usize),
    Object(usize),
    /// The mark below a list of values.
    Mark,
    /// Something that no tensor needs.
    Other,
}

/// A value that holds others.
#[derive(Clone, PartialEq, Debug)]
pub enum Object {
    Tuple(Vec<Item>),
    List(Vec<Item>),
    Dict(Vec<(Item, Item)>),
    /// The name of a function or class.
    Global(String),
    /// What a storage is named by: a tuple.
    Storage(Item),
    /// A call that is not carried out: the function and its arguments.
    Call(Item, Item),
    /// An object of a class, with its state.
    Instance(Item),
}

/// A pickle's values.
#[derive(Default)]
pub struct Pickle {
    texts: Vec<String>,
    objects: Vec<Object>,
    /// The value of the whole.
    pub root: Option<Item>,
    /// How many bytes it takes.
    pub len: usize,
}

impl Pickle {
    /// Reads the pickle at the front of `bytes`.
    ///
    /// # Errors
    /// If it is cut short, damaged or uses what no state dict needs.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine { bytes, ..Machine::default() };
        while machine.step()? {}
        let mut pickle = machine.made;
        (pickle.root, pickle.len) = (machine.stack.pop(), machine.at);
        Ok(pickle)
    }

    /// The text of an item, if it is one.
    pub fn text(&self, item: Item) -> Option<&str> {
        match item {
            Item::Text(place) => self.texts.get(place).map(String::as_str),
            _ => None,
        }
    }

    /// The object of an item, if it is one.
    pub fn object(&self, item: Item) -> Option<&Object> {
        match item {
            Item::Object(place) => self.objects.get(place),
            _ => None,
        }
    }

    /// The values of a tuple or list.
    pub fn items(&self, item: Item) -> Option<&[Item]> {
        match self.object(item)? {
            Object::Tuple(items) | Object::List(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a dict, or of the state of an object.
    pub fn pairs(&self, item: Item) -> Option<&[(Item, Item)]> {
        match self.object(item)? {
            Object::Dict(pairs) => Some(pairs),
            Object::Instance(state) => match self.object(*state)? {
                Object::Dict(pairs) => Some(pairs),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name of a global.
    pub fn global(&self, item: Item) -> Option<&str> {
        match self.object(item)? {
            Object::Global(name) => Some(name),
            _ => None,
        }
    }

    /// What names each storage.
    pub fn storages(&self) -> impl Iterator<Item = Item> {
        self.objects.iter().filter_map(|object| match object {
            Object::Storage(name) => Some(*name),
            _ => None,
        })
    }

    fn text_item(&mut self, text: String) -> Item {
        self.texts.push(text);
        Item::Text(self.texts.len() - 1)
    }

    fn object_item(&mut self, object: Object) -> Item {
        self.objects.push(object);
        Item::Object(self.objects.len() - 1)
    }
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Item>,
    memo: HashMap<u32, Item>,
    made: Pickle,
}

fn short() -> String {
    "a pickle that is cut short".into()
}

impl Machine<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len()).ok_or_else(short)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| short())
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length that may not be larger than what is left.
    fn len(&mut self, wide: usize) -> Result<usize, String> {
        let len = match wide {
            1 => u64::from(self.byte()?),
            4 => u64::from(self.u32()?),
            _ => u64::from_le_bytes(self.array()?),
        };
        usize::try_from(len).map_err(|_| short())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(short)?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.at += end + 1;
        Ok(line)
    }

    fn pop(&mut self) -> Result<Item, String> {
        self.stack.pop().ok_or_else(|| "a pickle that takes more than it has".into())
    }

    /// What lies above the last mark, which is taken away too.
    fn popped(&mut self) -> Result<Vec<Item>, String> {
        let mark = self.stack.iter().rposition(|item| *item == Item::Mark);
        let mark = mark.ok_or("a pickle without a mark")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn push(&mut self, object: Object) {
        let item = self.made.object_item(object);
        self.stack.push(item);
    }

    fn text(&mut self, wide: usize) -> Result<(), String> {
        let len = self.len(wide)?;
        let text = String::from_utf8_lossy(self.take(len)?).into_owned();
        let item = self.made.text_item(text);
        self.stack.push(item);
        Ok(())
    }

    fn skip(&mut self, wide: usize) -> Result<(), String> {
        let len = self.len(wide)?;
        self.take(len)?;
        self.stack.push(Item::Other);
        Ok(())
    }

    fn tuple(&mut self, len: usize) -> Result<(), String> {
        let start = self.stack.len().checked_sub(len).ok_or("a pickle that takes more than it has")?;
        let items = self.stack.split_off(start);
        self.push(Object::Tuple(items));
        Ok(())
    }

    /// The last object on the stack.
    fn top(&mut self) -> Option<&mut Object> {
        match self.stack.last() {
            Some(Item::Object(place)) => self.made.objects.get_mut(*place),
            _ => None,
        }
    }

    fn append(&mut self, items: Vec<Item>) {
        if let Some(Object::List(list)) = self.top() {
            list.extend(items);
        }
    }

    fn set(&mut self, items: &[Item]) {
        let pairs = items.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value));
        if let Some(Object::Dict(dict)) = self.top() {
            dict.extend(pairs);
        }
    }

    /// A function and its arguments: an ordered dict is a dict, everything else stays a call.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let is_dict = self.made.global(function) == Some("collections.OrderedDict");
        self.push(if is_dict { Object::Dict(Vec::new()) } else { Object::Call(function, arguments) });
        Ok(())
    }

    /// Gives an object its state. A dict keeps its pairs.
    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        // A state may be a pair of dicts; the first has the attributes.
        let state = match self.made.items(state) {
            Some(&[first, _]) => first,
            _ => state,
        };
        if let Some(object @ Object::Call(..)) = self.top() {
            *object = Object::Instance(state);
        }
        Ok(())
    }

    fn memoize(&mut self, key: u32) -> Result<(), String> {
        let item = self.stack.last().copied().ok_or("a pickle that takes more than it has")?;
        self.memo.insert(key, item);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let item = self.memo.get(&key).copied().ok_or("a pickle that recalls what it has not kept")?;
        self.stack.push(item);
        Ok(())
    }

    /// One opcode; `false` after the last.
    fn step(&mut self) -> Result<bool, String> {
        match self.byte()? {
            b'.' => return Ok(false),
            0x80 => drop(self.byte()?),
            0x95 => drop(self.array::<8>()?),
            b'(' => self.stack.push(Item::Mark),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.popped()?),
            b'2' => {
                let item = self.pop()?;
                self.stack.extend([item, item]);
            }
            b'N' => self.stack.push(Item::None),
            0x88 => self.stack.push(Item::Bool(true)),
            0x89 => self.stack.push(Item::Bool(false)),
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.stack.push(Item::Int(number.into()));
            }
            b'K' => {
                let number = self.byte()?;
                self.stack.push(Item::Int(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.stack.push(Item::Int(number.into()));
            }
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?;
                self.stack.push(Item::Other);
            }
            b'X' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'T' => self.text(4)?,
            b'C' => self.skip(1)?,
            b'B' => self.skip(4)?,
            0x8e | 0x96 => self.skip(8)?,
            byte => return self.object_step(byte).map(|()| true),
        }
        Ok(true)
    }

    /// One opcode that makes or changes an object.
    fn object_step(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b')' => self.push(Object::Tuple(Vec::new())),
            b't' => {
                let items = self.popped()?;
                self.push(Object::Tuple(items));
            }
            0x85..=0x87 => self.tuple(usize::from(byte - 0x84))?,
            b']' | 0x8f => self.push(Object::List(Vec::new())),
            b'l' => {
                let items = self.popped()?;
                self.push(Object::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item]);
            }
            b'e' | 0x90 => {
                let items = self.popped()?;
                self.append(items);
            }
            b'}' => self.push(Object::Dict(Vec::new())),
            b'd' => {
                let items = self.popped()?;
                self.push(Object::Dict(Vec::new()));
                self.set(&items);
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value]);
            }
            b'u' => {
                let items = self.popped()?;
                self.set(&items);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Global(format!("{module}.{name}")));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |item| self.made.text(item).unwrap_or_default();
                let name = format!("{}.{}", text(module), text(name));
                self.push(Object::Global(name));
            }
            b'R' | 0x81 => self.call()?,
            0x92 => {
                self.pop()?;
                self.call()?;
            }
            b'b' => self.build()?,
            b'Q' => {
                let name = self.pop()?;
                self.push(Object::Storage(name));
            }
            b'q' => {
                let key = self.byte()?;
                self.memoize(key.into())?;
            }
            b'r' => {
                let key = self.u32()?;
                self.memoize(key)?;
            }
            0x94 => {
                let key = u32::try_from(self.memo.len()).map_err(|_| short())?;
                self.memoize(key)?;
            }
            b'h' => {
                let key = self.byte()?;
                self.recall(key.into())?;
            }
            b'j' => {
                let key = self.u32()?;
                self.recall(key)?;
            }
            other => {
                return Err(format!("a pickle with an operation that no state dict has (0x{other:02x})"));
            }
        }
        Ok(())
    }

    /// A whole number of some bytes; larger ones than a tensor needs become something else.
    fn long(&mut self) -> Result<(), String> {
        let len = usize::from(self.byte()?);
        let bytes = self.take(len)?;
        let mut number = [if bytes.last().is_some_and(|&last| last >= 0x80) { 0xff } else { 0 }; 8];
        let item = match number.get_mut(..bytes.len()) {
            Some(front) => {
                front.copy_from_slice(bytes);
                Item::Int(i64::from_le_bytes(number))
            }
            None => Item::Other,
        };
        self.stack.push(item);
        Ok(())
    }
}
