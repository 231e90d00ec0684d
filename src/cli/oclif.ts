/** What is used of oclif at run time: in the built program one file that all others share. */
export { Args, Command, Config, Errors, Flags, Parser, flush, run } from '@oclif/core';
