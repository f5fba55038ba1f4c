/**
 * What tests share: a server that does what a script says, well-formed answers to put into such scripts.
 *
 * <p>Nothing here is reactive: plain sockets and threads, so that a defect in the code under test cannot hide
 * behind the same defect here.
 */
@NullMarked
package dev.sluice.engine.testkit;

import org.jspecify.annotations.NullMarked;
