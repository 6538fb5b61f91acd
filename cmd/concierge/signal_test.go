package main

import (
	"context"
	"os"
	"slices"
	"syscall"
	"testing"
)

func TestRelayKeepsTheOtherSignalsInAFlood(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	caught, taken, done := make(chan os.Signal), make(chan os.Signal), make(chan struct{})
	go func() {
		defer close(done)
		relay(ctx, caught, taken)
	}()
	for range 1000 { // nobody takes any
		caught <- syscall.SIGUSR1
	}
	caught <- syscall.SIGTERM
	caught <- syscall.SIGUSR1
	caught <- syscall.SIGUSR2
	got := []os.Signal{<-taken, <-taken, <-taken}
	if want := []os.Signal{syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGUSR2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	caught <- syscall.SIGUSR1
	if sig := <-taken; sig != syscall.SIGUSR1 {
		t.Errorf("after that got %v", sig)
	}
	cancel()
	<-done
}
