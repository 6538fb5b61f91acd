package bench

import "syscall"

// contender is a program under measurement.
type contender struct {
	name, binary string
	env          []string // beside that of all
	takes        func(scenario) bool
	prepare      func(job) error // writes the input files
	once, follow func(job) []string
	supervise    func(j job, child []string) []string // follows, and tells a child by SIGHUP
	version      []string                             // arguments that print the version
	stop         syscall.Signal                       // what ends it as a daemon
	yardstick    bool                                 // only the latency of a change counts
}

// does says whether the contender's part in a scenario is measured.
func (c contender) does(s scenario) bool {
	if s.form == withChild && c.supervise == nil {
		return false
	}
	return c.takes(s)
}

// forms makes a condition of the store and the forms that a contender can do.
func forms(store string, can ...form) func(scenario) bool {
	return func(s scenario) bool {
		for _, f := range can {
			if s.form == f && s.store == store {
				return true
			}
		}
		return false
	}
}
