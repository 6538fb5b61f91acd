package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// ParseTemplateFlag reads the value of --template, source:destination or
// source:destination:command, as consul-template has it: the first two colons
// part, further ones belong to the command. The command is run after a change.
// It is split into words and run directly, or given to sh -c when it holds
// anything that only a shell understands.
func ParseTemplateFlag(s string) (Template, error) {
	source, rest, _ := strings.Cut(s, ":")
	destination, command, _ := strings.Cut(rest, ":")
	if source == "" || destination == "" {
		return Template{}, fmt.Errorf("--template %q has no source or no destination; write source:destination or source:destination:command", s)
	}
	t := Template{Source: source, Destination: destination}
	if words := splitCommand(command); len(words) > 0 {
		t.OnChange = Actions{{Kind: ActionCommand, Command: Command{Command: words}}}
	}
	return t, nil
}

func splitCommand(command string) []string {
	words := strings.Fields(command)
	assigns := len(words) > 0 && strings.Contains(words[0], "=")
	if assigns || strings.ContainsAny(command, "|&;<>()$`\\\"'*?[]#~{}\n") {
		return []string{"sh", "-c", command}
	}
	return words
}

// cause is the reason of a path error, without the path.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
