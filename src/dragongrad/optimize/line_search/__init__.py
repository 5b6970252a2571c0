"""Methods that choose a direction and search along it, and the line search of Moré and Thuente."""
