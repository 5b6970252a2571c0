"""The methods that follow gradients and Hessians, a file each; `formulas` is what the first-order ones compute."""
