/** What is used of oclif at run time: in the built program one file that all others share. */
export { Args, Command, Errors, Flags, Help, Parser, flush, run } from '@oclif/core';
