package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"concierge/internal/exit"
	"concierge/sources"
)

func kvGetCommand() *command {
	return &command{
		name: "kv get", args: "KEY", summary: "Print the value of a key.",
		details: "The exit status is 1 when there is no such key.",
		examples: []example{
			{"a key of the default source", "concierge kv get app/port"},
			{"with its revision, for a later --cas", "concierge kv get etcd:app/port --json"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			fs.BoolVar(&f.json, "json", false, "print the key with its revision as JSON")
			return f.on("a KEY", 1, 1, f.get)
		},
	}
}

func (f *kvFlags) get(ctx context.Context, c call, store sources.Store) (int, error) {
	pair, err := store.Get(ctx, c.args[0])
	if err != nil {
		return exit.OK, err
	}
	if f.json {
		return exit.OK, writeJSON(c.stdout, pair)
	}
	_, err = fmt.Fprintln(c.stdout, pair.Value)
	return exit.OK, err
}

// shownPair is a key as the --json flags print it.
type shownPair struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	ModifyIndex uint64 `json:"modify_index"`
	CreateIndex uint64 `json:"create_index,omitempty"`
}

func writeJSON(w io.Writer, pairs ...sources.KeyPair) error {
	enc := json.NewEncoder(w)
	for _, p := range pairs {
		if err := enc.Encode(shownPair{p.Path, p.Value, p.ModifyIndex, p.CreateIndex}); err != nil {
			return err
		}
	}
	return nil
}
