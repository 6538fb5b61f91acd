// Package sources is the contract between concierge and the stores it
// watches. It knows no store: implementations live in the packages below it
// and in secrets/vault, and import this one.
//
// A template asks for things by [Query]. The agent hands the whole set of
// queries wanted now to the [Source] they name; the source keeps that set
// current and reports in [Update] batches. All that one store revision changed
// arrives in one batch, so a transaction in the store is one change here.
//
// Everything published is immutable: a source never changes a [Value] after it
// handed it over, and a reader never writes to one.
package sources
