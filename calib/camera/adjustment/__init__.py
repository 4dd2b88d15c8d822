"""What is fitted: reprojection errors of lenses and boards, and the bundle adjustment over them."""
