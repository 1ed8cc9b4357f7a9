//! Variables and call frames.

use crate::error::{Exception, fail};
use crate::parse::element;
use crate::value::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The content of a variable.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    /// Declared or linked, but without value.
    Unset,
    /// A value.
    Scalar(Value),
    /// An array of variables.
    Array(BTreeMap<String, Variable>),
}

/// A variable that several names may share (`upvar`, `global`).
pub(crate) type Variable = Rc<RefCell<Slot>>;

fn unset() -> Variable {
    Rc::new(RefCell::new(Slot::Unset))
}

/// The variables of one procedure call, or the global ones.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    vars: HashMap<String, Variable>,
    /// The frame that called this one.
    pub(crate) caller: usize,
    /// Depth of procedure calls.
    pub(crate) level: usize,
    /// The words of the call.
    pub(crate) call: Vec<Value>,
}

impl Frame {
    /// A frame for a call made from frame `caller`.
    pub(crate) fn new(caller: usize, level: usize, call: Vec<Value>) -> Self {
        Self { vars: HashMap::new(), caller, level, call }
    }

    /// Names of the variables that have a value.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .vars
            .iter()
            .filter(|(_, v)| !matches!(*v.borrow(), Slot::Unset))
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names
    }

    /// Names of the variables that have a value and are linked to no other frame's.
    pub(crate) fn own_names(&self) -> Vec<String> {
        let own = |name: &String| self.vars.get(name).is_some_and(|v| Rc::strong_count(v) == 1);
        self.names().into_iter().filter(own).collect()
    }

    fn find(&self, name: &str) -> Option<Variable> {
        match element(name) {
            None => self.vars.get(name).cloned(),
            Some((array, index)) => match &*self.vars.get(array)?.borrow() {
                Slot::Array(elements) => elements.get(index).cloned(),
                _ => None,
            },
        }
    }

    /// The variable called `name`, made when it is not there.
    pub(crate) fn make(&mut self, name: &str) -> Result<Variable, Exception> {
        let Some((array, index)) = element(name) else {
            return Ok(Rc::clone(self.vars.entry(name.to_owned()).or_insert_with(unset)));
        };
        let holder = Rc::clone(self.vars.entry(array.to_owned()).or_insert_with(unset));
        let mut slot = holder.borrow_mut();
        if matches!(*slot, Slot::Unset) {
            *slot = Slot::Array(BTreeMap::new());
        }
        match &mut *slot {
            Slot::Array(elements) => {
                Ok(Rc::clone(elements.entry(index.to_owned()).or_insert_with(unset)))
            }
            _ => fail(format!("can't set \"{name}\": variable isn't array")),
        }
    }

    /// Lets `name` stand for `variable`.
    pub(crate) fn link(&mut self, name: &str, variable: Variable) -> Result<(), Exception> {
        if let Some(old) = self.vars.get(name)
            && !Rc::ptr_eq(old, &variable)
            && !matches!(*old.borrow(), Slot::Unset)
            && Rc::strong_count(old) == 1
        {
            return fail(format!("variable \"{name}\" already exists"));
        }
        self.vars.insert(name.to_owned(), variable);
        Ok(())
    }

    /// Reads a variable.
    pub(crate) fn get(&self, name: &str) -> Result<Value, Exception> {
        let found = self.find(name);
        let why = match found.as_ref().map(|v| v.borrow()).as_deref() {
            Some(Slot::Scalar(value)) => return Ok(value.clone()),
            Some(Slot::Array(_)) => "variable is array",
            Some(Slot::Unset) | None => self.why_missing(name),
        };
        fail(format!("can't read \"{name}\": {why}"))
    }

    fn why_missing(&self, name: &str) -> &'static str {
        let Some((array, _)) = element(name) else { return "no such variable" };
        match self.vars.get(array).map(|v| v.borrow()).as_deref() {
            Some(Slot::Array(_)) => "no such element in array",
            Some(Slot::Scalar(_)) => "variable isn't array",
            Some(Slot::Unset) | None => "no such variable",
        }
    }

    /// Writes a variable.
    pub(crate) fn set(&mut self, name: &str, value: Value) -> Result<(), Exception> {
        let variable = self.make(name)?;
        let mut slot = variable.borrow_mut();
        if matches!(*slot, Slot::Array(_)) {
            return fail(format!("can't set \"{name}\": variable is array"));
        }
        *slot = Slot::Scalar(value);
        Ok(())
    }

    /// Changes a value in place, an empty one if there is none, and returns the new value.
    pub(crate) fn change(
        &mut self,
        name: &str,
        body: impl FnOnce(&mut Value) -> Result<(), Exception>,
    ) -> Result<Value, Exception> {
        let variable = self.make(name)?;
        let mut slot = variable.borrow_mut();
        match &mut *slot {
            Slot::Array(_) => fail(format!("can't set \"{name}\": variable is array")),
            Slot::Scalar(value) => body(value).map(|()| value.clone()),
            Slot::Unset => {
                let mut value = Value::empty();
                body(&mut value)?;
                *slot = Slot::Scalar(value.clone());
                Ok(value)
            }
        }
    }

    /// The number of an array's elements; `None` when there is no such array.
    pub(crate) fn array_len(&self, name: &str) -> Option<usize> {
        match &*self.find(name)?.borrow() {
            Slot::Array(elements) => {
                let set = |v: &&Variable| !matches!(*v.borrow(), Slot::Unset);
                Some(elements.values().filter(set).count())
            }
            _ => None,
        }
    }

    /// Removes a variable's value and name.
    pub(crate) fn unset(&mut self, name: &str) -> Result<(), Exception> {
        let Some(variable) = self.find(name).filter(|v| !matches!(*v.borrow(), Slot::Unset)) else {
            return fail(format!("can't unset \"{name}\": {}", self.why_missing(name)));
        };
        *variable.borrow_mut() = Slot::Unset;
        match element(name) {
            None => {
                self.vars.remove(name);
            }
            Some((array, index)) => {
                if let Some(holder) = self.vars.get(array)
                    && let Slot::Array(elements) = &mut *holder.borrow_mut()
                {
                    elements.remove(index);
                }
            }
        }
        Ok(())
    }

    /// The elements of an array; `None` when there is no such array.
    pub(crate) fn array(&self, name: &str) -> Option<BTreeMap<String, Value>> {
        match &*self.find(name)?.borrow() {
            Slot::Array(elements) => Some(
                elements
                    .iter()
                    .filter_map(|(k, v)| match &*v.borrow() {
                        Slot::Scalar(value) => Some((k.clone(), value.clone())),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Makes `name` an array, if it is no variable yet.
    pub(crate) fn make_array(&mut self, name: &str) -> Result<(), Exception> {
        let variable = self.make(name)?;
        let mut slot = variable.borrow_mut();
        match *slot {
            Slot::Unset => *slot = Slot::Array(BTreeMap::new()),
            Slot::Array(_) => {}
            Slot::Scalar(_) => {
                return fail(format!("can't array set \"{name}\": variable isn't array"));
            }
        }
        Ok(())
    }

    /// True when the variable has a value.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.find(name).is_some_and(|v| !matches!(*v.borrow(), Slot::Unset))
    }
}
