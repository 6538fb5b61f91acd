package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"concierge/internal/config"
	"concierge/internal/exit"
)

// The scripts ask the binary itself, so they never go out of date.
var completions = map[string]string{
	"bash": `_concierge() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _concierge concierge
`,
	"zsh": `#compdef concierge
_concierge() {
  local -a candidates
  candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "${candidates[*]}" ]] && compadd -- "${candidates[@]}" || _files
}
compdef _concierge concierge
`,
	"fish": `complete -c concierge -a '(concierge __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

func completionCommand() *command {
	return &command{
		name: "completion", args: "bash|zsh|fish",
		summary: "Print a completion script for a shell.",
		examples: []example{
			{"bash, for this session", "source <(concierge completion bash)"},
			{"fish, for good", "concierge completion fish > ~/.config/fish/completions/concierge.fish"},
		},
		setup: func(*flag.FlagSet) action {
			return func(_ context.Context, c call) (int, error) {
				if len(c.args) != 1 || completions[c.args[0]] == "" {
					return exit.Usage, usageError("expected one of bash, zsh, fish")
				}
				_, err := fmt.Fprint(c.stdout, completions[c.args[0]])
				return exit.OK, err
			}
		},
	}
}

// completeName is the hidden command that answers the scripts: given the words
// so far, the last of them unfinished, it prints the candidates for that word.
const completeName = "__complete"

// complete returns the candidates for the last of words. It returns none where
// a file is expected, which the shells complete by themselves.
func complete(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	done, last := words[:len(words)-1], words[len(words)-1]
	cmd, rest, _ := find(done)
	if cmd == nil {
		return matching(nextWords(done), last)
	}
	if slices.Contains(done, "--") {
		return nil // words of the process
	}
	fs := flagsOf(cmd)
	if v, ok := valueOf(done, last); ok {
		if f := fs.Lookup(v.flag); f != nil && (v.assigned || !isBool(f)) {
			return v.complete(settingValues(f.Name))
		}
	}
	if strings.HasPrefix(last, "-") {
		return matching(flagNames(fs), last)
	}
	before, err := parse(flagsOf(cmd), rest, cmd.anywhere)
	if err != nil || len(before) >= len(cmd.words) {
		return nil
	}
	return matching(cmd.words[len(before)], last)
}

// nextWords returns the words that may follow the first ones of a command.
func nextWords(done []string) []string {
	prefix := strings.Join(append(slices.Clone(done), ""), " ")
	var all []string
	for _, name := range names() {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			word, _, _ := strings.Cut(rest, " ")
			all = append(all, word)
		}
	}
	return all
}

// flagsOf declares everything that cmd accepts.
func flagsOf(cmd *command) *flag.FlagSet {
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	cmd.setup(fs)
	if cmd.settings {
		declareSettings(fs)
	}
	return fs
}

// typedValue is the value of a flag that is being typed.
type typedValue struct {
	flag     string
	text     string
	word     string // what stands before text in the same word
	assigned bool   // with an equals sign
}

// valueOf finds the flag whose value is being typed: "--name" "value",
// "--name=value", or "--name" "=" "value", as bash divides it.
func valueOf(done []string, last string) (typedValue, bool) {
	if name, text, ok := strings.Cut(last, "="); ok && strings.HasPrefix(name, "-") {
		return typedValue{flag: strings.TrimLeft(name, "-"), text: text, word: name + "=", assigned: true}, true
	}
	v := typedValue{text: last}
	if last == "=" {
		v.text, v.assigned = "", true
	} else if n := len(done); n > 0 && done[n-1] == "=" {
		done, v.assigned = done[:n-1], true
	}
	if len(done) == 0 || !strings.HasPrefix(done[len(done)-1], "-") {
		return typedValue{}, false
	}
	v.flag = strings.TrimLeft(done[len(done)-1], "-")
	return v, true
}

// complete returns the words that v may become.
func (v typedValue) complete(values []string) []string {
	words := matching(values, v.text)
	for i := range words {
		words[i] = v.word + words[i]
	}
	return words
}

// settingValues returns the values of a setting, by its flag, if they can be
// listed.
func settingValues(name string) []string {
	for _, s := range config.Settings() {
		switch {
		case s.Flag == name && s.IsBool:
			return []string{"false", "true"}
		case s.Flag == name:
			return s.Enum
		}
	}
	return nil
}

// matching returns those of all that begin with prefix, sorted.
func matching(all []string, prefix string) []string {
	var some []string
	for _, s := range all {
		if strings.HasPrefix(s, prefix) {
			some = append(some, s)
		}
	}
	slices.Sort(some)
	return slices.Compact(some)
}
