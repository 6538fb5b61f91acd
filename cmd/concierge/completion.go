package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

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

// complete returns the candidates for the last of words.
func complete(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	done, last := words[:len(words)-1], words[len(words)-1]
	var all []string
	cmd, _, _ := find(done)
	switch {
	case cmd == nil:
		prefix := strings.Join(append(slices.Clone(done), ""), " ")
		for _, name := range names() {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				word, _, _ := strings.Cut(rest, " ")
				all = append(all, word)
			}
		}
	case strings.HasPrefix(last, "-"):
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		cmd.setup(fs)
		if cmd.settings {
			declareSettings(fs)
		}
		all = flagNames(fs)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return !strings.HasPrefix(s, last) })
	slices.Sort(all)
	return slices.Compact(all)
}
