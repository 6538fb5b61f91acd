package hclfile

import "strings"

// Command is a program with arguments, or a line for a shell. The zero value is
// one that was not given.
type Command struct {
	// Line is the command when it was written as one text; Argv otherwise.
	Line string
	Argv []string
	At   string // where it was given; empty if it was not
}

// Given reports whether a command was given, be it an empty one.
func (c *Command) Given() bool { return c.At != "" }

// Args returns the program and its arguments, none if there is no command. A
// text with white space is for the shell. So is a list of one such text.
func (c *Command) Args() []string {
	argv := c.Argv
	if c.Line != "" {
		argv = []string{c.Line}
	}
	switch {
	case len(argv) == 0 || strings.TrimSpace(argv[0]) == "":
		return nil
	case isLine(argv):
		return []string{"sh", "-c", argv[0]}
	}
	return argv
}

// Shell reports whether the command is a line for the shell.
func (c *Command) Shell() bool {
	if c.Line != "" {
		return isLine([]string{c.Line})
	}
	return isLine(c.Argv)
}

func isLine(argv []string) bool { return len(argv) == 1 && len(strings.Fields(argv[0])) > 1 }

func (c *Command) given() bool  { return c.Given() }
func (c *Command) secret() bool { return false }
func (c *Command) isList() bool { return false }
func (c *Command) isBool() bool { return false }

// set takes over a command. A text whose first word ends in a comma-separated
// list, such as "nginx,-s,reload", is a list: consul-template parts texts at
// commas. One that has white space before its first comma could not be run
// there, and is taken for what was meant: a line for the shell.
func (c *Command) set(items []literal, list bool, at string) complaint {
	*c = Command{At: at}
	switch first, _, commas := strings.Cut(lineOf(items), ","); {
	case list:
		c.Argv = listOf(items, true)
	case commas && !strings.ContainsAny(first, " \t\n"):
		c.Argv = listOf(items, false)
	default:
		c.Line = lineOf(items)
	}
	return complaint{}
}

// lineOf returns a command that was written as one text.
func lineOf(items []literal) string {
	if len(items) == 0 {
		return ""
	}
	return items[0].text
}
