// Command install makes the servers and peers that the tests and benchmarks
// run against available, building what is not there yet:
//
//	go run ./internal/testserver/install [name…]
//
// Without a name it takes all of them, about a quarter of an hour on two cores
// the first time and a second from then on.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"concierge/internal/testserver/programs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, names []string) int {
	if len(names) == 0 {
		names = programs.Names()
	}
	for _, name := range names {
		path, err := programs.Path(ctx, name, os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(name, path)
	}
	return 0
}
