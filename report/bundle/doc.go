// Package bundle packs what is known of a cluster into one file that can be passed
// on: a compressed archive whose first entry says what is in it. Names of keys are
// hidden, and secrets are removed.
//
// It may import report/inventory, report/redact and the packages of internal;
// nothing of commands, printer, cluster or snapshot.
package bundle
