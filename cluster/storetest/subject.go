// Package storetest is the conformance suite of [cluster.Store]. It runs on
// real servers, which it stops, starts and cuts off.
package storetest

import (
	"testing"
	"time"

	"concierge/cluster"
)

// Server is a server that belongs to one test.
type Server interface {
	Stop()   // gracefully; data stays
	Kill()   // as a crash would; data stays
	Start()  // again, on the same port
	Pause()  // connections stay open and silent
	Resume() // ends a pause
}

// Subject is an implementation with servers to try it on.
type Subject struct {
	// Shared returns the address of a server that other tests use, too.
	Shared func(testing.TB) (addr string)
	// Own starts a server for the test alone.
	Own func(testing.TB) (Server, string)
	// Dial returns a store that has a client of its own, whose connections end
	// with the test.
	Dial func(tb testing.TB, addr, namespace string) cluster.Store
	// Expiry is the longest that a session of the ttl may live on after it was
	// last heard of.
	Expiry func(ttl time.Duration) time.Duration
}

const (
	ttl      = 10 * time.Second // the shortest that every store takes
	promptly = 10 * time.Second // what is not a matter of the ttl, on a busy machine
)

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	t.Run("NoGoroutineIsLeft", s.leaveNothing)
	for name, test := range map[string]func(Subject, *testing.T){
		"ReadSeesWhatTheOtherClientWrote":      Subject.readSeesCommit,
		"ViewIsSortedAndOfThePrefixAlone":      Subject.viewOfPrefix,
		"NamespacesNeverMeet":                  Subject.namespaces,
		"OddKeysAndValuesComeBackAsTheyWere":   Subject.oddKeys,
		"QuarterOfAMebibyteIsTaken":            Subject.large,
		"TooLargeIsSaidAndDoesNothing":         Subject.tooLarge,
		"TransactionIsDoneAsAWholeOrNotAtAll":  Subject.allOrNothing,
		"ThirtyTwoConditionsAndWritesAreTaken": Subject.wide,
		"OneOfFiftyConcurrentWritersWins":      Subject.oneWinner,
		"VersionIsNeverUsedAgain":              Subject.versions,
		"DeletionByAnOldVersionFails":          Subject.fencing,
		"WatchTellsEveryFinalState":            Subject.watch,
		"WatchOfNothingTellsOfTheFirstKey":     Subject.watchNothing,
		"WatchMergesABurst":                    Subject.burst,
		"WatchOfALostServerEndsWithAnError":    Subject.watchLost,
		"ContextEndsEverything":                Subject.contexts,
		"CloseOfASessionDeletesItsKeys":        Subject.closeSession,
		"WriteOfAnEndedSessionIsRefused":       Subject.endedSession,
		"OwnedKeyIsTakenOver":                  Subject.takeOver,
		"KeysOfACutOffOwnerVanish":             Subject.cutOff,
		"SessionEndedByTheStoreIsLost":         Subject.lostSession,
		"SessionOutlivesARestartOfTheServer":   Subject.restart,
		"FreshGrowsWhileTheStoreIsAway":        Subject.fresh,
		"ClosedStoreKeepsNothing":              Subject.closeStore,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(s, t)
		})
	}
}
