package process

import (
	"os"
	"syscall"
	"time"
)

// Dismiss asks, as PID 1, all other processes of the container to end (TERM)
// and waits for them, while Reap runs: what is left is killed by the kernel
// when PID 1 ends. It blocks for at most groupGrace (2 s). Anywhere else it
// does nothing, because what lost its parent may have been left running on
// purpose.
func (c *Children) Dismiss() {
	const everybody = -1
	if os.Getpid() != 1 || syscall.Kill(everybody, syscall.SIGTERM) != nil {
		return
	}
	_ = syscall.Kill(everybody, syscall.SIGCONT) // one that is stopped cannot act on it
	deadline := time.NewTimer(groupGrace)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for syscall.Kill(everybody, 0) == nil {
		select {
		case <-tick.C:
		case <-deadline.C:
			c.log.Warn("programs that lost their parents did not end in time and are killed", "after", groupGrace)
			return
		}
	}
}
