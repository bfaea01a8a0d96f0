// Package maintain changes the members of a cluster one after another, and goes
// on only while the cluster is safe: defragmentation in an order that keeps a
// quorum and moves the lead at most once ([Run]), and the way back from a full
// database ([Recovery]). Its [Gate] is the condition between two steps, for every
// command that takes members out of service.
//
// It prints nothing and reaches a cluster only through the interface [Cluster];
// [Live] is the one of real members.
package maintain
