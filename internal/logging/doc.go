// Package logging makes concierge's own logger: structured records to standard
// error and, if configured, to a rotating file and to syslog.
//
// A destination that fails never holds up or ends concierge. Standard error is
// told when a file or syslog begins to fail, when it works again, and how many
// messages it missed. Messages to syslog wait in a bounded queue, so a log
// daemon that hangs costs memory for [queueLength] messages and no time. So do
// those to standard error, if that is a file: who does not read the pipe of a
// container's log misses messages, which are counted, and holds up nothing.
//
// Everything here is safe for concurrent use.
package logging
