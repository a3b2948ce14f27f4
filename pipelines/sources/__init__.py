"""Sources: one file each, one public ``fetch`` each. They read and label; nothing is filtered or filled."""
