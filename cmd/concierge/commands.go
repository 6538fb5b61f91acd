package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// commands lists every subcommand in the order help shows them.
func commands() []*command {
	return slices.Concat([]*command{
		runCommand(), renderCommand(), validateCommand(),
		kvGetCommand(), kvPutCommand(), kvLsCommand(), kvRmCommand(),
		ctlStatusCommand(), ctlReloadCommand(), ctlRestartCommand(), ctlSignalCommand(),
		ctlMaintenanceCommand(), ctlRetryCommand(), ctlLogLevelCommand(), ctlEventsCommand(),
		statusCommand(), rolloutShowCommand(), rolloutHistoryCommand(), holdCommand(), unholdCommand(), explainCommand(), wantCommand(),
		pushCommand(), metricsDiscoverCommand(),
		healthCommand(), convertCommand(), schemaCommand(), functionsCommand(), completionCommand(), versionCommand(),
	}, rolloutMoveCommands())
}

func byName(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

// isGroup reports whether name is the first word of several commands.
func isGroup(name string) bool {
	for _, c := range commands() {
		if strings.HasPrefix(c.name, name+" ") {
			return true
		}
	}
	return false
}

func names() []string {
	var all []string
	for _, c := range commands() {
		all = append(all, c.name)
	}
	return append(all, "help")
}

// unknown is the error for a name that is not among the known ones, with the
// nearest of them.
func unknown(what, name string, known []string) error {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	hint := "see concierge help"
	if best != "" {
		hint = fmt.Sprintf("did you mean %s?", best)
	}
	return usageError("unknown %s %s (%s)", what, name, hint)
}
